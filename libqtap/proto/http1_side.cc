// SPDX-License-Identifier: Apache-2.0
#include "proto/http1_side.h"

#include <algorithm>

#include "proto/start_line.h"

namespace qtap::proto {
namespace {

// A start line that is longer is not searched for; servers in use refuse them from 8 KiB on.
constexpr size_t kMaxLine = 16u << 10;

Http1Side& side_of(llhttp_t* parser) { return *static_cast<Http1Side*>(parser->data); }

}  // namespace

llhttp_settings_t Http1Side::make_settings() {
  llhttp_settings_t s;
  llhttp_settings_init(&s);
  s.on_message_begin = [](llhttp_t* p) { return side_of(p).on_begin(); };
  s.on_url = s.on_status = [](llhttp_t* p, const char* at, size_t len) {
    if (side_of(p).count_head_bytes(len)) side_of(p).start_text_.append(at, len);
    return 0;
  };
  s.on_header_field = [](llhttp_t* p, const char* at, size_t len) { return side_of(p).on_field(at, len); };
  s.on_header_value = [](llhttp_t* p, const char* at, size_t len) { return side_of(p).on_value(at, len); };
  s.on_header_value_complete = [](llhttp_t* p) {
    side_of(p).value_open_ = true;
    return 0;
  };
  s.on_headers_complete = [](llhttp_t* p) { return side_of(p).on_headers_complete(); };
  s.on_body = [](llhttp_t* p, const char* at, size_t len) { return side_of(p).on_body(at, len); };
  s.on_chunk_header = [](llhttp_t* p) {
    side_of(p).in_chunk_ = p->content_length > 0;
    return 0;
  };
  s.on_chunk_complete = [](llhttp_t* p) {
    side_of(p).in_chunk_ = false;
    return 0;
  };
  s.on_message_complete = [](llhttp_t* p) { return side_of(p).on_message_complete(); };
  return s;
}

Http1Side::Http1Side(llhttp_type_t type, const ParserLimits& limits, Events& events)
    : limits_(limits), events_(events) {
  static const llhttp_settings_t settings = make_settings();
  llhttp_init(&parser_, type, &settings);
  parser_.data = this;
}

std::string_view Http1Side::method() const {
  return llhttp_method_name(static_cast<llhttp_method_t>(parser_.method));
}

// ---- what llhttp tells ------------------------------------------------------------------------------------------

int Http1Side::on_begin() {
  message_ = &events_.on_message_begin(*this);
  message_->start_ns = now_ns_;
  start_text_.clear();
  head_bytes_ = 0;
  over_limit_ = value_open_ = in_body_ = in_chunk_ = false;
  return 0;
}

// False: beyond the limit, leave it out. The message goes on, marked.
bool Http1Side::count_head_bytes(size_t len) {
  head_bytes_ += len;
  if (head_bytes_ <= limits_.header_bytes) return true;
  if (!over_limit_) {
    over_limit_ = true;
    message_->truncation = http::Truncation::kLimit;
    message_->missing_bytes = std::nullopt;
    events_.on_side_limit();
  }
  return false;
}

int Http1Side::on_field(const char* at, size_t len) {
  if (!count_head_bytes(len)) return 0;
  auto& headers = in_body_ ? message_->trailers : message_->headers;
  if (headers.empty() || value_open_) {
    headers.emplace_back();
    value_open_ = false;
  }
  headers.back().name.append(at, len);
  return 0;
}

int Http1Side::on_value(const char* at, size_t len) {
  auto& headers = in_body_ ? message_->trailers : message_->headers;
  if (count_head_bytes(len) && !headers.empty()) headers.back().value.append(at, len);
  return 0;
}

int Http1Side::on_headers_complete() {
  const Body body = events_.on_head(*this);
  in_body_ = true;
  value_open_ = true;  // a trailer begins a new field
  // llhttp's answers: 1 = there is no body, 2 = nor any HTTP behind it.
  return body == Body::kAsFramed ? 0 : body == Body::kNone ? 1 : 2;
}

int Http1Side::on_body(const char* at, size_t len) {
  message_->body_bytes += len;
  if (filling_) {
    add_missing(len);
    return 0;
  }
  const uint64_t room = limits_.body_buffer - std::min<uint64_t>(message_->body.size(), limits_.body_buffer);
  const size_t kept = static_cast<size_t>(std::min<uint64_t>(room, len));
  message_->body.append(at, kept);
  if (kept < len && limits_.body_buffer > 0) {
    if (!message_->truncated()) message_->truncation = http::Truncation::kBodyBuffer;
    if (message_->missing_bytes) *message_->missing_bytes += len - kept;
  }
  return 0;
}

// Pausing makes llhttp stop exactly at the end of the message.
int Http1Side::on_message_complete() { return HPE_PAUSED; }

// ---- bytes ------------------------------------------------------------------------------------------------------

void Http1Side::data(int64_t time_ns, std::string_view bytes) {
  now_ns_ = time_ns;
  switch (state_) {
    case State::kParse: return feed(bytes);
    case State::kResync: return resync(bytes);
    case State::kHold:
      if (held_.size() + bytes.size() > kMaxHeld) {
        events_.on_side_limit();
        return tunnel();
      }
      held_.append(bytes);
      return;
    case State::kTunnel: return;
  }
}

void Http1Side::feed(std::string_view bytes) {
  while (!bytes.empty() && state_ == State::kParse) {
    const llhttp_errno_t result = llhttp_execute(&parser_, bytes.data(), bytes.size());
    const char* stopped = result == HPE_OK ? bytes.data() + bytes.size() : llhttp_get_error_pos(&parser_);
    const size_t used = stopped ? static_cast<size_t>(stopped - bytes.data()) : bytes.size();
    if (message_ && !filling_) message_->wire_bytes += used;
    bytes.remove_prefix(used);
    if (result == HPE_OK) return;
    if (result == HPE_PAUSED) {
      llhttp_resume(&parser_);
      end_message();
    } else if (result == HPE_PAUSED_UPGRADE) {
      llhttp_resume_after_upgrade(&parser_);
      if (message_) end_message();
      state_ = State::kHold;
      events_.on_upgrade(*this);
      if (!bytes.empty()) data(now_ns_, bytes);
      return;
    } else {
      // Bytes behind "Connection: close" begin a line; after any other error the rest of the line is wrong as well.
      const bool is_new_message = result == HPE_CLOSED_CONNECTION;
      if (!is_new_message) events_.on_side_error();
      cut_short(http::Truncation::kAborted);
      begin_resync();
      at_line_start_ = is_new_message;
      return resync(bytes);
    }
  }
  if (!bytes.empty()) data(now_ns_, bytes);
}

void Http1Side::end_message() {
  message_->end_ns = now_ns_;
  message_->complete = true;
  message_ = nullptr;
  in_body_ = in_chunk_ = false;
  events_.on_message_end(*this);
}

// The message at hand will not be completed.
void Http1Side::cut_short(http::Truncation reason) {
  if (!message_) return;
  if (!message_->truncated() || reason == http::Truncation::kCaptureLoss) message_->truncation = reason;
  message_->missing_bytes = std::nullopt;
  message_->end_ns = now_ns_;
  message_ = nullptr;
  in_body_ = in_chunk_ = false;
  events_.on_message_end(*this);
}

void Http1Side::release() {
  if (state_ != State::kHold) return;
  state_ = State::kParse;
  const std::string held = std::move(held_);
  held_.clear();
  feed(held);
}

void Http1Side::tunnel() {
  state_ = State::kTunnel;
  held_ = {};
}

// ---- gaps -------------------------------------------------------------------------------------------------------

// Body bytes that must still come, as the framing says; 0 when that is not known here.
uint64_t Http1Side::known_body_left() const {
  if (!in_body_ || !message_) return 0;
  if ((parser_.flags & F_CHUNKED) != 0) return in_chunk_ ? parser_.content_length : 0;
  if ((parser_.flags & F_CONTENT_LENGTH) != 0) return parser_.content_length;
  return is_response() ? UINT64_MAX : 0;  // until the connection closes
}

void Http1Side::add_missing(uint64_t len) {
  message_->truncation = http::Truncation::kCaptureLoss;
  if (message_->missing_bytes) *message_->missing_bytes += len;
}

bool Http1Side::gap(int64_t time_ns, uint64_t len) {
  now_ns_ = time_ns;
  if (state_ == State::kTunnel) return true;
  const uint64_t left = state_ == State::kParse ? known_body_left() : 0;
  const uint64_t skipped = std::min(left, len);
  if (left == UINT64_MAX) {
    message_->body_bytes += len;
    add_missing(len);
    return true;
  }
  if (skipped > 0) {
    // llhttp counts this number down: all but the last byte are taken off it, and one byte that stands for the gap lets
    // it find the end of the body by itself.
    parser_.content_length -= skipped - 1;
    message_->body_bytes += skipped - 1;
    add_missing(skipped - 1);
    filling_ = true;
    feed(std::string_view("\0", 1));
    filling_ = false;
  }
  if (skipped == len) return true;
  // The rest of the gap held framing: what follows belongs to a message whose beginning nobody saw.
  if (state_ != State::kTunnel) {
    cut_short(http::Truncation::kCaptureLoss);
    begin_resync();
    at_line_start_ = false;
  }
  return false;
}

void Http1Side::begin_resync() {
  state_ = State::kResync;
  held_.clear();
  at_line_start_ = true;
  const auto type = static_cast<llhttp_type_t>(parser_.type);
  const llhttp_settings_t* settings = static_cast<const llhttp_settings_t*>(parser_.settings);
  llhttp_init(&parser_, type, settings);
  parser_.data = this;
}

// Leaves kResync: a message begins with the first byte that is held.
void Http1Side::resume(size_t offset) {
  const std::string rest = held_.substr(offset);
  held_.clear();
  state_ = State::kParse;
  const int64_t now_ns = now_ns_;
  now_ns_ = line_ns_;
  feed(std::string_view(rest).substr(0, 1));
  now_ns_ = now_ns;
  feed(std::string_view(rest).substr(1));
}

// Searches for a whole line that is a start line of this side's kind. The very first bytes need less proof: there is
// nothing before them that they could be the middle of.
void Http1Side::resync(std::string_view bytes) {
  if (held_.empty()) line_ns_ = now_ns_;
  held_.append(bytes);
  const StartLine wanted = is_response() ? StartLine::kResponse : StartLine::kRequest;
  if (fresh_) {
    const StartLine start = start_of(held_);
    if (start == wanted) {
      fresh_ = false;
      return resume(0);
    }
    if (start == StartLine::kNeedMore) return;
    fresh_ = false;
  }
  size_t line = 0;
  for (;;) {
    const size_t end = held_.find('\n', line);
    if (end == std::string::npos) break;
    const std::string_view text(held_.data() + line, end - line);
    if (at_line_start_ && whole_start_line(text) == wanted) {
      return resume(line);
    }
    at_line_start_ = true;
    line = end + 1;
    line_ns_ = now_ns_;
  }
  held_.erase(0, line);
  if (held_.size() > kMaxLine) {
    held_.clear();
    at_line_start_ = false;
  }
}

void Http1Side::close(int64_t time_ns, http::Truncation reason, bool at_end) {
  now_ns_ = time_ns;
  if (at_end && message_ && in_body_ && llhttp_message_needs_eof(&parser_) != 0) {
    end_message();
  }
  cut_short(reason);
  state_ = State::kTunnel;
}

}  // namespace qtap::proto
