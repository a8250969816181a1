// SPDX-License-Identifier: Apache-2.0
#include "http/h1_side.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <utility>

#include "base/text.h"
#include "http/byte_scan.h"
#include "http/h1_error.h"
#include "http/token.h"

namespace qtap::http {
namespace {

// Room for what a client sends before it has read the answer to CONNECT or Upgrade.
constexpr size_t kMaxHeld = 64u << 10;
// A body that is announced gets its room at once up to here, as growing in steps costs far more;
// what never comes is never touched.
constexpr uint64_t kMaxReserve = 4u << 20;
constexpr uint64_t kUntilClose = UINT64_MAX;
// The longest of the IANA registry has 17.
constexpr size_t kMaxMethod = 64;

H1Side& side_of(llhttp_t* parser) {
  return *static_cast<H1Side*>(parser->data);
}

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

llhttp_settings_t H1Side::make_settings() {
  llhttp_settings_t s;
  llhttp_settings_init(&s);
  s.on_message_begin = [](llhttp_t* p) { return side_of(p).on_begin(); };
  s.on_url = s.on_status = [](llhttp_t* p, const char* at, size_t len) {
    return side_of(p).on_start_text(at, len);
  };
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

// What llhttp refuses is told and cut short; the search for the next start line replaces
// lenient_keep_alive. lenient_headers lets lines end in a bare LF (RFC 9112, 2.2) and be folded
// (5.2); what else it lets pass is refused here: NUL in a value (RFC 9110, 5.5), and space before
// the first field.
H1Side::H1Side(llhttp_type_t type, const ParserLimits& limits, Events& events)
    : type_(type), limits_(limits), events_(events) {
  restart();
  finder_.want(is_response() ? StartLine::kResponse : StartLine::kRequest);
}

void H1Side::restart() {
  at_chunk_line_ = at_method_ = false;
  chunk_line_ = {};
  static const llhttp_settings_t settings = make_settings();
  llhttp_init(&parser_, type_, &settings);
  parser_.data = this;
  llhttp_set_lenient_headers(&parser_, 1);
#if LLHTTP_VERSION_MAJOR >= 9
  llhttp_set_lenient_optional_cr_before_lf(&parser_, 1);
#endif
}

std::string_view H1Side::method() const {
  if (!other_method_.empty()) return other_method_;
  return llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
}

// ---- what llhttp tells
// ---------------------------------------------------------------------------

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

int H1Side::on_start_text(const char* at, size_t len) {
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

// ---- bytes
// ---------------------------------------------------------------------------------------

void H1Side::adopt(StartFinder&& finder, uint64_t offset) {
  offset_ = offset;
  const StartLine wanted = is_response() ? StartLine::kResponse : StartLine::kRequest;
  finder_ = std::move(finder);
  finder_.want(wanted);
  if (finder_.found() == wanted) resume();
}

void H1Side::data(int64_t time_ns, std::string_view bytes) {
  now_ns_ = time_ns;
  while (!bytes.empty()) {
    size_t used = 0;
    switch (state_) {
      case State::kSearch:
        used = finder_.add(time_ns, bytes);
        offset_ += used;
        if (finder_.has_found()) resume();
        now_ns_ = time_ns;
        break;
      case State::kParse:
        used = feed(bytes);
        break;
      case State::kHold:
        return hold(bytes);
      case State::kTunnel:
        return events_.on_tunnelled(*this, time_ns, bytes);
    }
    bytes.remove_prefix(used);
  }
}

// A message begins with the first byte that the search kept, and at the time of that byte.
void H1Side::resume() {
  state_ = State::kParse;
  const TimedBytes begun = finder_.take();
  offset_ -= begun.size();
  begun.for_each([this](int64_t piece_ns, std::string_view piece) { data(piece_ns, piece); });
}

// Returns how many bytes were used: all, or those before the state changed.
size_t H1Side::feed(std::string_view bytes) {
  const size_t size = bytes.size();
  while (!bytes.empty() && state_ == State::kParse) {
    if (!message_ && (bytes.front() == '\r' || bytes.front() == '\n')) {
      ++offset_;
      bytes.remove_prefix(1);  // RFC 9112, 2.2: between messages, and of neither
      continue;
    }
    const size_t used = at_method_       ? feed_method(bytes)
                        : at_chunk_line_ ? feed_chunk_line(bytes)
                                         : feed_llhttp(bytes);
    bytes.remove_prefix(used);
  }
  return size - bytes.size();
}

// `used` bytes are read.
void H1Side::count(std::string_view used) {
  if (!filling_) {
    offset_ += used.size();
    if (message_) message_->wire_bytes += used.size();
  }
  if (!used.empty()) before_piece_ = used.back();
}

size_t H1Side::feed_llhttp(std::string_view bytes) {
  if (!message_) first_bytes_.clear();
  piece_ = bytes.data();
  const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
  const char* stopped = result == HPE_OK ? nullptr : llhttp_get_error_pos(&parser_);
  if (message_) open_field();
  const size_t used = stopped ? static_cast<size_t>(stopped - bytes.data()) : bytes.size();
  count(bytes.substr(0, used));
  if (result == HPE_PAUSED && at_chunk_line_) {
    llhttp_resume(&parser_);
  } else if (result == HPE_PAUSED && message_) {
    end_message();
  } else if (result == HPE_INVALID_METHOD && message_) {
    first_bytes_.append(bytes.substr(0, used));
    at_method_ = true;
  } else if (result != HPE_OK) {
    const char* refusal = std::exchange(refusal_, nullptr);
    on_error(refusal ? refusal : h1_error_text(result));
  } else if (!is_response() && start_text_.empty() && first_bytes_.size() < kMaxMethod) {
    first_bytes_.append(bytes);
  }
  return used;
}

// Any token may be a method (RFC 9110, 9.1); llhttp has a list. It goes on with one that means the
// same for the framing, and method() tells what was sent.
size_t H1Side::feed_method(std::string_view bytes) {
  const auto end = std::find_if_not(bytes.begin(), bytes.end(), is_tchar);
  const size_t len = static_cast<size_t>(end - bytes.begin());
  first_bytes_.append(bytes.substr(0, len));
  count(bytes.substr(0, len));
  if (first_bytes_.size() > kMaxMethod) {
    on_error("method of more than 64 bytes");
  } else if (end != bytes.end() && (*end != ' ' || first_bytes_.empty())) {
    on_error("invalid method");
  } else if (end != bytes.end()) {
    llhttp_reset(&parser_);
    llhttp_execute(&parser_, "PUT", 3);
    at_method_ = false;
    other_method_ = first_bytes_;
  }
  return len;
}

// llhttp gets the size alone, as if there were no extensions.
size_t H1Side::feed_chunk_line(std::string_view bytes) {
  size_t used = 0;
  const ChunkLine::State state = chunk_line_.add(bytes, &used);
  count(bytes.substr(0, used));
  if (state == ChunkLine::State::kBad) {
    on_error(chunk_line_.reason());
  } else if (state == ChunkLine::State::kDone) {
    at_chunk_line_ = false;
    char line[20];
    const int len = std::snprintf(line, sizeof line, "%" PRIx64 "\r\n", chunk_line_.size());
    const llhttp_errno_t result = llhttp_execute(&parser_, line, static_cast<size_t>(len));
    if (result != HPE_OK) on_error(h1_error_text(result));
  }
  return used;
}

// Gives the message at hand up and looks for the next one.
void H1Side::search_on(Truncation reason) {
  cut_short(reason);
  if (state_ == State::kTunnel) return;  // that message was an answer to an upgrade
  restart();
  state_ = State::kSearch;
  finder_.lose();
}

void H1Side::on_error(const char* reason) {
  const uint64_t offset = offset_;
  search_on(Truncation::kAborted);
  events_.on_side_error(*this, offset, reason);
}

void H1Side::end_message() {
  message_->end_ns = now_ns_;
  message_->complete = true;
  body_length_ = message_->body_bytes;
  message_ = nullptr;
  if (parser_.upgrade && !is_response()) state_ = State::kHold;
  // Whether the connection may go on is the peers' business: the next message is looked at anyway.
  restart();
  in_body_ = in_chunk_ = false;
  events_.on_message_end(*this);
}

// The message at hand will not be completed.
void H1Side::cut_short(Truncation reason) {
  if (!message_) return;
  const bool ends_known =
      in_body_ && (parser_.flags & (F_CONTENT_LENGTH | F_CHUNKED)) == F_CONTENT_LENGTH;
  if (message_->truncation == Truncation::kNone ||
      message_->truncation == Truncation::kBodyBuffer) {
    message_->truncation = reason;
  }
  body_length_.reset();
  if (ends_known) body_length_ = message_->body_bytes + parser_.content_length;
  if (!ends_known) {
    message_->missing_bytes = std::nullopt;
  } else if (message_->missing_bytes) {
    *message_->missing_bytes += parser_.content_length;
  }
  drop_half_field(*message_);
  message_->end_ns = now_ns_;
  message_ = nullptr;
  events_.on_message_end(*this);
  in_body_ = in_chunk_ = false;
}

void H1Side::close(Truncation reason, bool at_end) {
  if (at_end && message_ && known_body_left() == kUntilClose) end_message();
  cut_short(reason);
  tunnel();
}

// ---- other protocols
// -----------------------------------------------------------------------------

void H1Side::hold(std::string_view bytes) {
  offset_ += bytes.size();
  if (lost_held_) return;
  if (held_.size() + bytes.size() > kMaxHeld) {
    events_.on_side_limit();
    return tunnel();
  }
  held_.append(now_ns_, bytes);
}

void H1Side::release() {
  if (state_ != State::kHold) return;
  state_ = State::kParse;
  const uint64_t end = offset_;
  const TimedBytes held = std::exchange(held_, TimedBytes());
  offset_ -= held.size();
  held.for_each([this](int64_t piece_ns, std::string_view piece) { data(piece_ns, piece); });
  if (!std::exchange(lost_held_, false)) return;
  gap(now_ns_, 1, gap_reason_);
  offset_ = end;
}

void H1Side::tunnel() {
  cut_short(Truncation::kAborted);
  state_ = State::kTunnel;
  finder_.lose();
  const TimedBytes held = std::exchange(held_, TimedBytes());
  held.for_each([this](int64_t piece_ns, std::string_view piece) {
    events_.on_tunnelled(*this, piece_ns, piece);
  });
}

// ---- gaps
// ----------------------------------------------------------------------------------------

// Body bytes that must still come, as the framing says; 0 when that is not known here.
uint64_t H1Side::known_body_left() const {
  if (!in_body_ || !message_) return 0;
  if (is_chunked()) return in_chunk_ ? parser_.content_length : 0;
  if ((parser_.flags & F_CONTENT_LENGTH) != 0) return parser_.content_length;
  return is_response() ? kUntilClose : 0;
}

void H1Side::add_missing(uint64_t len) {
  message_->truncation = gap_reason_;
  if (!message_->body_gap) message_->body_gap = message_->body.size();
  if (message_->missing_bytes) *message_->missing_bytes += len;
}

// Returns how many of the bytes lay in a body of known extent.
uint64_t H1Side::skip_body(uint64_t len, bool is_lost) {
  const uint64_t left = known_body_left();
  const uint64_t skipped = std::min(left, len);
  if (skipped == 0) return 0;
  message_->wire_bytes += skipped;
  if (left == kUntilClose) {
    message_->body_bytes += len;
    if (is_lost) add_missing(len);
    return len;
  }
  // llhttp counts this number down: all but the last byte are taken off it, and one byte that
  // stands for the gap lets it find the end of the body by itself.
  parser_.content_length -= skipped - 1;
  message_->body_bytes += skipped - 1;
  if (is_lost) add_missing(skipped - 1);
  filling_ = is_lost;
  feed(std::string_view("\0", 1));
  filling_ = false;
  return skipped;
}

uint64_t H1Side::skipped(int64_t time_ns, uint64_t len) {
  if (state_ == State::kTunnel) return len;
  now_ns_ = time_ns;
  gap_reason_ = Truncation::kCaptureLoss;
  if (state_ != State::kParse) return 0;
  const uint64_t body = skip_body(len, /*is_lost=*/limits_.body_buffer > 0);
  offset_ += body;
  return body;
}

uint64_t H1Side::unwanted() const {
  if (state_ != State::kParse) return 0;
  const uint64_t left = known_body_left();
  // The last byte tells when the body was complete.
  return left == 0 || left == kUntilClose ? left : left - 1;
}

H1Side::Loss H1Side::gap(int64_t time_ns, uint64_t len, Truncation reason) {
  if (len == 0 || state_ == State::kTunnel) return Loss::kNone;
  now_ns_ = time_ns;
  offset_ += len;
  gap_reason_ = reason;
  if (state_ == State::kSearch) {
    const bool at_start = finder_.at_stream_start();
    finder_.lose();
    return at_start ? Loss::kMessageStart : Loss::kMessageEnd;
  }
  if (state_ == State::kParse && skip_body(len, /*is_lost=*/true) == len) return Loss::kNone;
  if (state_ == State::kTunnel) return Loss::kNone;
  if (state_ == State::kHold) {
    lost_held_ = true;
    return Loss::kMessageStart;
  }
  // The rest of the gap held framing: what follows belongs to a message that nobody saw begin.
  const Loss loss = message_ && has_start_line_ ? Loss::kMessageEnd : Loss::kMessageStart;
  search_on(reason);
  return loss;
}

}  // namespace qtap::http
