// SPDX-License-Identifier: Apache-2.0
// What llhttp tells of a message, put where it belongs: H1Side's callbacks.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/byte_scan.h"
#include "http/h1_side.h"

namespace qtap::http {
namespace {

// A body that is announced gets its room at once up to here, as growing in steps costs far more;
// what never comes is never touched.
constexpr uint64_t kMaxReserve = 4u << 20;

// RFC 9112, 6.1: at most one "chunked", and that the last. Empty elements of a list do not count
// (RFC 9110, 5.6.1.2), but llhttp takes one for a coding. `found` is what llhttp says.
bool is_chunked_once(std::string_view codings, bool found) {
  size_t chunked = 0;
  bool is_last = false;
  for (const std::string_view coding : split_words(codings)) {
    is_last = equal_ignoring_case(coding, "chunked");
    chunked += is_last ? 1u : 0u;
  }
  return chunked <= 1 && is_last == found && (chunked == 0 || is_last);
}

H1Side& side_of(llhttp_t* parser) {
  return *static_cast<H1Side*>(parser->data);
}

}  // namespace

llhttp_settings_t H1Side::make_settings() {
  llhttp_settings_t s;
  llhttp_settings_init(&s);
  s.on_message_begin = [](llhttp_t* p) { return side_of(p).on_begin(); };
  s.on_url = s.on_status = [](llhttp_t* p, const char* at, size_t len) {
    return side_of(p).on_start_text(at, len);
  };
  s.on_version = [](llhttp_t* p, const char* at, size_t) { return side_of(p).on_version(at); };
  s.on_version_complete = [](llhttp_t* p) {
    return p->type == HTTP_REQUEST ? side_of(p).on_start_line() : 0;
  };
  s.on_status_complete = [](llhttp_t* p) { return side_of(p).on_start_line(); };
  s.on_header_field = [](llhttp_t* p, const char* at, size_t len) {
    return side_of(p).on_field(at, len);
  };
  s.on_header_value = [](llhttp_t* p, const char* at, size_t len) {
    return side_of(p).on_value(at, len);
  };
  s.on_header_field_complete = [](llhttp_t* p) { return side_of(p).on_field_complete(); };
  s.on_header_value_complete = [](llhttp_t* p) { return side_of(p).on_value_complete(); };
  s.on_headers_complete = [](llhttp_t* p) { return side_of(p).on_headers_complete(); };
  s.on_body = [](llhttp_t* p, const char* at, size_t len) { return side_of(p).on_body(at, len); };
  s.on_chunk_header = [](llhttp_t* p) {
    side_of(p).in_chunk_ = p->content_length > 0;
    return 0;
  };
  // Pausing makes llhttp stop exactly here: the line before a chunk is ours, and the message ends
  // where it ends.
  s.on_chunk_complete = [](llhttp_t* p) -> int {
    H1Side& side = side_of(p);
    if (!std::exchange(side.in_chunk_, false)) return 0;  // the last one; trailers came behind it
    side.at_chunk_line_ = true;
    return HPE_PAUSED;
  };
  s.on_message_complete = [](llhttp_t*) -> int { return HPE_PAUSED; };
  return s;
}

int H1Side::on_begin() {
  if (at_method_) return 0;  // it has begun already
  message_ = &events_.on_message_begin(*this);
  message_->start_ns = now_ns_;
  start_text_.clear();
  other_method_.clear();
  name_ = {};
  head_room_ = limits_.header_bytes;
  protocol_ = '\0';
  has_target_ = has_start_line_ = in_body_ = in_chunk_ = field_open_ = has_nul_ = has_name_ =
      has_length_ = after_space_ = over_limit_ = limit_told_ = false;
  return 0;
}

// The byte that stands `distance` (1 to 3) before `at`, which is in what llhttp reads.
char H1Side::byte_before(const char* at, size_t distance) const {
  const size_t inside = static_cast<size_t>(at - piece_);
  return inside >= distance ? *(at - distance)
                            : before_piece_[before_piece_.size() - distance + inside];
}

// llhttp reads "RTSP/1.0" (RFC 7826) and "ICE/1.0" (Icecast) as well, and tells the numbers only:
// "HTTP/" has a T where those have S and C.
int H1Side::on_version(const char* at) {
  if (protocol_ == '\0') protocol_ = byte_before(at, 3);  // else the version was cut
  return 0;
}

// HTTP/0.9 and HTTP/2 heads, which llhttp reads too, are not ours. A status has three digits
// (RFC 9112, 4), of which the first is not 0 (RFC 9110, 15).
int H1Side::on_start_line() {
  if (is_response() && parser_.status_code < 100) return refuse("invalid status");
  has_start_line_ = parser_.http_major == 1 && (is_response() || protocol_ == 'T');
  tell_limit();
  return has_start_line_ ? 0 : -1;
}

// How many of `len` bytes of the head may be kept. Beyond the limit the message goes on, marked.
size_t H1Side::take_room(size_t len) {
  if (len > head_room_) over_limit_ = true;
  const auto taken = static_cast<size_t>(std::min<uint64_t>(head_room_, len));
  head_room_ -= taken;
  return taken;
}

// Only where a part of the head ends: when an error follows, llhttp shows the bytes before it or
// not, as the input was cut.
void H1Side::tell_limit() {
  if (limit_told_ || !over_limit_) return;
  limit_told_ = true;
  message_->truncation = Truncation::kLimit;
  message_->missing_bytes = std::nullopt;
  events_.on_side_limit();
}

// Any token may be a method (RFC 9110, 9.1), but some that llhttp knows it takes for RTSP only.
void H1Side::take_method_of_rtsp() {
  if (is_response() || parser_.method < HTTP_DESCRIBE || parser_.method > HTTP_FLUSH) return;
  other_method_ = method();
  parser_.method = HTTP_PUT;
}

int H1Side::on_start_text(const char* at, size_t len) {
  take_method_of_rtsp();
  has_target_ = true;
  start_text_.append(at, take_room(len));
  return 0;
}

FieldList& H1Side::fields_of(Message& message) const {
  return in_body_ ? message.trailers : message.headers;
}

void H1Side::drop_half_field(Message& message) {
  if (field_open_) fields_of(message).pop_back();
  field_open_ = false;
  name_ = {};
}

// What is read ends within a field: its name will not be there any more.
void H1Side::open_field() {
  if (name_.empty()) return;
  fields().push_back({std::exchange(name_, {}), {}});
  field_open_ = true;
}

// A field that does not fit is left out as a whole: half a value would be a false one.
int H1Side::on_field(const char* at, size_t len) {
  if (len == 0)
    return 0;  // where the input was cut: beyond the limit it would fit, as an empty name
  const bool is_first_piece = !std::exchange(has_name_, true);
  if (is_first_piece && !in_body_ && message_->headers.empty()) {
    const char before = byte_before(at, 1);
    after_space_ = before == ' ' || before == '\t';
  }
  if (take_room(len) < len) {
    drop_half_field(*message_);
  } else if (is_first_piece) {
    name_ = {at, len};
  } else if (open_field(); field_open_) {
    fields().extend_name({at, len});
  }
  return 0;
}

// llhttp lets space pass in names. RFC 9112, 5.1: before the colon of a response it is removed.
int H1Side::on_field_complete() {
  if (std::exchange(after_space_, false)) return refuse("space before the first field");
  if (!std::exchange(has_name_, false)) return refuse("field without a name");
  if (name_.empty() && !field_open_) return 0;
  const std::string_view name = field_open_ ? fields().back().name : name_;
  return has_byte_below(name, ' ' + 1) ? take_space_of_name(name) : 0;
}

int H1Side::take_space_of_name(std::string_view name) {
  const size_t end = is_response() ? name.find_last_not_of(' ') + 1 : name.size();
  if (name.find(' ') < end) return refuse("space in a field name");
  field_open_ ? fields().cut_name(end) : name_.remove_suffix(name.size() - end);
  return 0;
}

int H1Side::on_value(const char* at, size_t len) {
  if (len <= head_room_ && !name_.empty()) {
    head_room_ -= len;
    fields().push_back({std::exchange(name_, {}), {at, len}});
    field_open_ = true;
  } else if (take_room(len) < len) {
    drop_half_field(*message_);
  } else if (field_open_) {
    fields().extend_value({at, len});
  }
  if (at + len > nul_free_end_) look_for_nul(at, len);
  return 0;
}

// One look at many bytes costs less than one at each value, and more values are near.
void H1Side::look_for_nul(const char* at, size_t len) {
  constexpr size_t kAhead = 512;
  const size_t ahead = std::min(std::max(len, kAhead), static_cast<size_t>(piece_end_ - at));
  const void* nul = std::memchr(at, '\0', ahead);
  nul_free_end_ = nul ? static_cast<const char*>(nul) : at + ahead;
  if (at + len > nul_free_end_) has_nul_ = true;
}

int H1Side::on_value_complete() {
  if (!name_.empty()) open_field();  // it has no value
  const bool was_kept = std::exchange(field_open_, false);
  if (has_nul_) {
    has_nul_ = false;
    if (was_kept) return refuse("NUL in a field");
  }
  if (over_limit_) tell_limit();
  const bool is_length = !in_body_ && (parser_.flags & F_CONTENT_LENGTH) != 0;
  return is_length ? take_content_length() : 0;
}

// Only where a part of the head ends: spans end where the input was cut, too.
int H1Side::refuse(const char* reason) {
  refusal_ = reason;
  return -1;
}

// llhttp ends at a second Content-Length and at one beside Transfer-Encoding, whatever they say. It
// is told only at the end of the head.
int H1Side::take_content_length() {
  const uint64_t length = parser_.content_length;
  parser_.content_length = 0;
  parser_.flags = static_cast<uint16_t>(parser_.flags & ~F_CONTENT_LENGTH);
  const bool repeats = std::exchange(has_length_, true);
  if (repeats) message_->framing_conflict = true;
  if (repeats && content_length_ != length) return refuse("Content-Length is not one number");
  content_length_ = length;
  return 0;
}

// RFC 9112, 6.1 and 6.3: Transfer-Encoding overrides Content-Length, HTTP/1.0 has none, and a body
// is chunked once.
void H1Side::settle_framing() {
  const bool is_transfer_coded = (parser_.flags & F_TRANSFER_ENCODING) != 0;
  if (is_transfer_coded) {
    const auto is_coding = [](const Header h) {
      return equal_ignoring_case(h.name, "transfer-encoding");
    };
    const FieldList& list = message_->headers;
    const bool repeats = std::count_if(list.begin(), list.end(), is_coding) > 1;
    const auto coding = std::find_if(list.begin(), list.end(), is_coding);
    const bool is_odd = coding != list.end() && !is_chunked_once((*coding).value, is_chunked());
    if (has_length_ || repeats || is_odd || parser_.http_minor == 0) {
      message_->framing_conflict = true;
    }
  } else if (has_length_) {
    parser_.flags |= F_CONTENT_LENGTH;
    parser_.content_length = content_length_;
  }
}

int H1Side::on_headers_complete() {
  if (on_start_line() != 0) return -1;
  settle_framing();
  const Body body = events_.on_head(*this);
  in_body_ = true;
  if (body == Body::kNone) return 1;  // llhttp expects no body
  at_chunk_line_ = is_chunked();
  return at_chunk_line_ ? static_cast<int>(HPE_PAUSED) : 0;
}

int H1Side::on_body(const char* at, size_t len) {
  const uint64_t offset = message_->body_bytes;
  message_->body_bytes += len;
  if (filling_) {
    add_missing(len);
    return 0;
  }
  std::string& body = message_->body;
  // Once cut it stays cut: what comes later does not follow what is kept.
  const bool is_cut = !keeps_bodies_ || message_->truncation == Truncation::kBudget;
  if (limits_.tells_bodies && !is_cut) events_.on_body(*this, offset, {at, len});
  const uint64_t room =
      is_cut ? 0 : limits_.body_buffer - std::min<uint64_t>(body.size(), limits_.body_buffer);
  const size_t kept = static_cast<size_t>(std::min<uint64_t>(room, len));
  if (body.empty() && kept > 0) {
    // content_length does not count the bytes at hand any more.
    const uint64_t expected = parser_.content_length + len;
    body.reserve(static_cast<size_t>(std::min({expected, room, kMaxReserve})));
  }
  body.append(at, kept);
  if (kept < len && limits_.body_buffer > 0) {
    if (!message_->truncated()) {
      message_->truncation = is_cut ? Truncation::kBudget : Truncation::kBodyBuffer;
    }
    if (message_->missing_bytes) *message_->missing_bytes += len - kept;
  }
  return 0;
}

}  // namespace qtap::http
