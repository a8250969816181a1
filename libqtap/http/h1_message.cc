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

}  // namespace

int H1Side::on_begin() {
  if (at_method_) return 0;  // it has begun already
  message_ = &events_.on_message_begin(*this);
  message_->start_ns = now_ns_;
  start_text_.clear();
  other_method_.clear();
  name_ = {};
  head_bytes_ = 0;
  has_start_line_ = in_body_ = in_chunk_ = field_open_ = has_nul_ = has_name_ = after_space_ =
      over_limit_ = false;
  content_length_.reset();
  return 0;
}

// HTTP/0.9 and HTTP/2 heads, which llhttp reads too, are not ours. A status has three digits
// (RFC 9112, 4), of which the first is not 0 (RFC 9110, 15).
int H1Side::on_start_line() {
  if (is_response() && parser_.status_code < 100) return refuse("invalid status");
  has_start_line_ = parser_.http_major == 1;
  tell_limit();
  return has_start_line_ ? 0 : -1;
}

// How many of `len` bytes of the head may be kept. Beyond the limit the message goes on, marked.
size_t H1Side::head_room(size_t len) {
  const uint64_t room = limits_.header_bytes - std::min(head_bytes_, limits_.header_bytes);
  head_bytes_ += len;
  return static_cast<size_t>(std::min<uint64_t>(room, len));
}

// Only where a part of the head ends: when an error follows, llhttp shows the bytes before it or
// not, as the input was cut.
void H1Side::tell_limit() {
  if (over_limit_ || head_bytes_ <= limits_.header_bytes) return;
  over_limit_ = true;
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
  start_text_.append(at, head_room(len));
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
    const char before = at == piece_ ? before_piece_ : at[-1];
    after_space_ = before == ' ' || before == '\t';
  }
  if (head_room(len) < len) {
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
  if (!has_byte_below(name, ' ' + 1)) return 0;
  const size_t end = is_response() ? name.find_last_not_of(' ') + 1 : name.size();
  if (name.find(' ') < end) return refuse("space in a field name");
  field_open_ ? fields().cut_name(end) : name_.remove_suffix(name.size() - end);
  return 0;
}

int H1Side::on_value(const char* at, size_t len) {
  if (head_room(len) < len) {
    drop_half_field(*message_);
  } else if (!name_.empty()) {
    fields().push_back({std::exchange(name_, {}), {at, len}});
    field_open_ = true;
  } else if (field_open_) {
    fields().extend_value({at, len});
  }
  if (len > 0 && std::memchr(at, '\0', len)) has_nul_ = true;
  return 0;
}

int H1Side::on_value_complete() {
  open_field();
  const bool was_kept = std::exchange(field_open_, false);
  if (std::exchange(has_nul_, false) && was_kept) return refuse("NUL in a field");
  if (head_bytes_ > limits_.header_bytes) tell_limit();
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
  if (content_length_) message_->framing_conflict = true;
  if (content_length_.value_or(length) != length) return refuse("Content-Length is not one number");
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
    if (content_length_ || repeats || is_odd || parser_.http_minor == 0) {
      message_->framing_conflict = true;
    }
  } else if (content_length_) {
    parser_.flags |= F_CONTENT_LENGTH;
    parser_.content_length = *content_length_;
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
