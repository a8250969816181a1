// SPDX-License-Identifier: Apache-2.0
#include "http/h1_side.h"

#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <utility>

#include "http/h1_error.h"
#include "http/token.h"

namespace qtap::http {
namespace {

// Room for what a client sends before it has read the answer to CONNECT or Upgrade.
constexpr size_t kMaxHeld = 64u << 10;
// The longest of the IANA registry has 17.
constexpr size_t kMaxMethod = 64;

}  // namespace

// What llhttp refuses is told and cut short; the search for the next start line replaces
// lenient_keep_alive. lenient_headers lets lines end in a bare LF (RFC 9112, 2.2) and be folded
// (5.2); what else it lets pass is refused here: NUL in a value (RFC 9110, 5.5), and space before
// the first field.
H1Side::H1Side(llhttp_type_t type, const ParserLimits& limits, Events& events)
    : type_(type), limits_(limits), events_(events) {
  restart();
  finder_.want(is_response() ? StartLine::kResponse : StartLine::kRequest);
}

llhttp_t H1Side::make_parser(llhttp_type_t type) {
  static const llhttp_settings_t settings = make_settings();
  llhttp_t parser;
  llhttp_init(&parser, type, &settings);
  llhttp_set_lenient_headers(&parser, 1);
#if LLHTTP_VERSION_MAJOR >= 9
  llhttp_set_lenient_optional_cr_before_lf(&parser, 1);
#endif
  return parser;
}

// For each message: a copy costs less than setting it up.
void H1Side::restart() {
  static const llhttp_t fresh[] = {make_parser(HTTP_REQUEST), make_parser(HTTP_RESPONSE)};
  parser_ = fresh[is_response() ? 1 : 0];
  parser_.data = this;
  at_chunk_line_ = at_method_ = false;
  chunk_line_ = {};
}

std::string_view H1Side::method() const {
  if (!other_method_.empty()) return other_method_;
  return llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
}

// ---- bytes

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
  for (const char c : used.substr(used.size() - std::min(used.size(), before_piece_.size()))) {
    before_piece_ = {before_piece_[1], before_piece_[2], c};
  }
}

size_t H1Side::feed_llhttp(std::string_view bytes) {
  if (!message_) first_bytes_.clear();
  piece_ = nul_free_end_ = bytes.data();
  piece_end_ = piece_ + bytes.size();
  const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
  const char* stopped = result == HPE_OK ? nullptr : llhttp_get_error_pos(&parser_);
  if (message_) open_field();
  const size_t used = stopped ? static_cast<size_t>(stopped - bytes.data()) : bytes.size();
  count(bytes.substr(0, used));
  if (result == HPE_PAUSED && at_chunk_line_) {
    llhttp_resume(&parser_);
  } else if (result == HPE_PAUSED && message_) {
    end_message();
  } else if (result == HPE_INVALID_METHOD && message_ && has_target_) {
    on_error(h1_error_text(HPE_INVALID_CONSTANT));  // it is one of HTTP, but what follows is not
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
  // No byte beyond the limit is looked at: where the search goes on must not depend on the cut.
  const std::string_view room = bytes.substr(0, kMaxMethod + 1 - first_bytes_.size());
  const auto end = std::find_if_not(room.begin(), room.end(), is_tchar);
  const size_t len = static_cast<size_t>(end - room.begin());
  first_bytes_.append(room.substr(0, len));
  count(room.substr(0, len));
  if (first_bytes_.size() > kMaxMethod) {
    on_error("method of more than 64 bytes");
  } else if (end != room.end() && (*end != ' ' || first_bytes_.empty())) {
    on_error("invalid method");
  } else if (end != room.end()) {
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
  is_broken_ = true;
  search_on(Truncation::kAborted);
  is_broken_ = false;
  events_.on_side_error(*this, offset, reason);
}

void H1Side::end_message() {
  message_->end_ns = now_ns_;
  message_->complete = true;
  body_length_ = message_->body_bytes;
  knows_body_length_ = true;
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
  knows_body_length_ = ends_known;
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
  if (lost_held_ > 0) {
    lost_held_ += bytes.size();
    return;
  }
  if (held_.size() + bytes.size() > kMaxHeld) {
    events_.on_side_limit();
    lost_held_ = held_.size() + bytes.size();  // which of them came in one piece must not matter
    held_.clear();
    return tunnel();
  }
  held_.append(now_ns_, bytes);
}

void H1Side::release() {
  if (state_ != State::kHold) return;
  state_ = State::kParse;
  const uint64_t lost = std::exchange(lost_held_, 0);
  const TimedBytes held = std::exchange(held_, TimedBytes());
  offset_ -= lost + held.size();
  held.for_each([this](int64_t piece_ns, std::string_view piece) { data(piece_ns, piece); });
  gap(now_ns_, lost, gap_reason_);
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

}  // namespace qtap::http
