// SPDX-License-Identifier: Apache-2.0
// qtap/http.h over the parsers in http/: connections and their messages.
#include <algorithm>
#include <limits>
#include <memory>
#include <optional>
#include <utility>

#include <qtap/http.h>

#include "capi/boundary.h"
#include "http/auto_parser.h"

namespace {

namespace http = qtap::http;

using qtap::Direction;
using qtap::capi::guard;

constexpr uint32_t kKnownFlags =
    QTAP_HTTP_JOINED_LATE | QTAP_HTTP_ZERO_ASKS | QTAP_HTTP_ONE_ASKS | QTAP_HTTP_NO_BODIES;

const qtap_http_exchange* to_c(const http::Exchange& exchange) {
  return reinterpret_cast<const qtap_http_exchange*>(&exchange);
}
const http::Exchange& from_c(const qtap_http_exchange* exchange) {
  return *reinterpret_cast<const http::Exchange*>(exchange);
}

int to_c(http::Protocol protocol) {
  return protocol == http::Protocol::kHttp2 ? QTAP_HTTP_2 : QTAP_HTTP_1;
}

qtap_str str_of(std::string_view text) {
  return {text.data(), text.size()};
}

// Hands events on to the callbacks of the caller, and counts.
class Callbacks final : public http::ParserEvents {
 public:
  Callbacks(const qtap_http_callbacks& callbacks, void* user)
      : callbacks_(callbacks), user_(user) {}

  void on_request_head(http::Exchange& exchange) override {
    if (callbacks_.on_request) callbacks_.on_request(to_c(exchange), user_);
  }
  void on_response_head(http::Exchange& exchange) override {
    if (callbacks_.on_response) callbacks_.on_response(to_c(exchange), user_);
  }
  void on_body(http::Exchange& exchange, const http::BodyPiece& piece) override {
    qtap_http_body body = body_of(static_cast<int>(piece.message), piece.direction);
    body.offset = piece.offset;
    body.bytes = piece.bytes.data();
    body.len = piece.bytes.size();
    callbacks_.on_body(to_c(exchange), &body, user_);
  }
  void on_body_end(http::Exchange& exchange, const http::BodyEnd& end) override {
    qtap_http_body body = body_of(static_cast<int>(end.message), end.direction);
    body.offset = end.length.value_or(exchange.message(end.message).body_bytes);
    body.complete = end.complete ? 1 : 0;
    callbacks_.on_body(to_c(exchange), &body, user_);
  }
  void on_exchange(qtap::Ref<http::Exchange> exchange) override {
    ++stats.exchanges;
    if (callbacks_.on_exchange) callbacks_.on_exchange(to_c(*exchange), user_);
  }
  void on_protocol(http::Protocol protocol) override { stats.protocol = to_c(protocol); }
  void on_client(Direction client) override { stats.client = static_cast<int>(index(client)); }
  void on_parse_error(const http::ParseError& error) override {
    ++stats.errors;
    qtap_http_error out = {};
    out.size = sizeof out;
    out.direction = static_cast<int>(index(error.direction));
    out.stream = error.stream;
    out.offset = error.offset;
    out.reason = error.reason;
    if (callbacks_.on_error) callbacks_.on_error(&out, user_);
  }
  void on_limit() override { ++stats.limits; }

  bool wants_bodies() const { return callbacks_.on_body != nullptr; }

  qtap_http_stats stats = {sizeof(qtap_http_stats), QTAP_HTTP_AUTO, -1, 0, 0, 0};

 private:
  static qtap_http_body body_of(int which, Direction direction) {
    qtap_http_body body = {};
    body.size = sizeof body;
    body.which = which;
    body.direction = static_cast<int>(index(direction));
    return body;
  }

  const qtap_http_callbacks callbacks_;
  void* const user_;
};

}  // namespace

struct qtap_http_parser {
  qtap_http_parser(const qtap_http_callbacks& cb, void* user) : callbacks(cb, user) {}

  Callbacks callbacks;
  std::unique_ptr<http::Parser> parser;  // null: it is over
  bool is_inside = false;                // of a call
};

namespace {

http::ParserLimits limits_of(const qtap_http_options& options, bool tells_bodies) {
  http::ParserLimits limits;
  if (options.body_bytes > 0) limits.body_buffer = options.body_bytes;
  if ((options.flags & QTAP_HTTP_NO_BODIES) != 0) limits.body_buffer = 0;
  if (options.header_bytes > 0) limits.header_bytes = options.header_bytes;
  if (options.exchanges > 0) limits.pipelined_requests = options.exchanges;
  limits.tells_bodies = tells_bodies;
  return limits;
}

std::optional<Direction> client_of(uint32_t flags) {
  if ((flags & QTAP_HTTP_ZERO_ASKS) != 0) return Direction::kSent;
  if ((flags & QTAP_HTTP_ONE_ASKS) != 0) return Direction::kReceived;
  return std::nullopt;
}

std::unique_ptr<http::Parser> make_parser(const qtap_http_options& options, Callbacks& events) {
  const http::ParserLimits limits = limits_of(options, events.wants_bodies());
  const std::optional<Direction> client = client_of(options.flags);
  const bool is_late = (options.flags & QTAP_HTTP_JOINED_LATE) != 0;
  const auto start = is_late ? http::StreamStart::kAnywhere : http::StreamStart::kFirstByte;
  switch (options.protocol) {
    case QTAP_HTTP_1:
      return http::make_http1_parser(limits, events, is_late ? std::nullopt : client);
    case QTAP_HTTP_2:
      return http::make_http2_parser(start, limits, events);
    default:
      return std::make_unique<http::AutoParser>(start, limits, events, client);
  }
}

int check(const qtap_http_options& options) {
  const uint32_t asks = options.flags & (QTAP_HTTP_ZERO_ASKS | QTAP_HTTP_ONE_ASKS);
  if (options.protocol > QTAP_HTTP_2) return QTAP_ERR_INVALID;
  if (asks == (QTAP_HTTP_ZERO_ASKS | QTAP_HTTP_ONE_ASKS)) return QTAP_ERR_INVALID;
  const bool is_newer = (options.flags & ~kKnownFlags) != 0 || options.reserved != 0;
  return is_newer ? QTAP_ERR_UNSUPPORTED : QTAP_OK;
}

int make(const qtap_http_options* options, const qtap_http_callbacks* callbacks, void* user,
         qtap_http_parser** ret) {
  qtap_http_options ours = {};
  if (options) {
    const auto imported = qtap::capi::import_struct(options, "qtap_http_options");
    if (!imported.ok()) return imported.error().status;
    ours = *imported;
  }
  if (const int status = check(ours); status != QTAP_OK) return status;
  const auto imported = qtap::capi::import_struct(callbacks, "qtap_http_callbacks");
  if (!imported.ok()) return imported.error().status;
  auto made = std::make_unique<qtap_http_parser>(*imported, user);
  made->callbacks.stats.protocol = static_cast<int>(ours.protocol);
  made->parser = make_parser(ours, made->callbacks);
  if (const auto client = client_of(ours.flags)) {
    made->callbacks.stats.client = static_cast<int>(index(*client));
  }
  *ret = made.release();
  return QTAP_OK;
}

// Runs `feed` with the parser. What a lack of memory left unfinished is told before it is gone.
template <typename Feed>
int on_parser(qtap_http_parser* p, int direction, uint64_t time_ns, Feed feed) {
  const bool is_time = time_ns <= static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  if (!p || (direction != 0 && direction != 1) || !is_time) return QTAP_ERR_INVALID;
  if (p->is_inside) return QTAP_ERR_BUSY;
  if (!p->parser) return QTAP_ERR_STATE;
  p->is_inside = true;
  const int status = guard([&] {
    feed(*p->parser, qtap::direction_at(static_cast<size_t>(direction)),
         static_cast<int64_t>(time_ns));
    return QTAP_OK;
  });
  if (status != QTAP_OK) {
    guard([&] {
      p->parser->abandon(http::Truncation::kLimit);
      return QTAP_OK;
    });
    p->parser.reset();
  }
  p->is_inside = false;
  return status;
}

// An upgrade may have changed what was found at first.
int protocol_of(const qtap_http_parser& p) {
  const int told = p.callbacks.stats.protocol;
  const auto* found = dynamic_cast<const http::AutoParser*>(p.parser.get());
  return told == QTAP_HTTP_AUTO && found && found->found() ? to_c(*found->found()) : told;
}

uint32_t truncation_of(const http::Message& message) {
  switch (message.truncation) {
    case http::Truncation::kNone:
      return QTAP_HTTP_WHOLE;
    case http::Truncation::kBodyBuffer:
      return QTAP_HTTP_BODY_BUFFER;
    case http::Truncation::kCaptureLoss:
    case http::Truncation::kBudget:
      return QTAP_HTTP_LOSS;
    case http::Truncation::kMidstream:
      return QTAP_HTTP_MIDSTREAM;
    case http::Truncation::kAborted:
      return QTAP_HTTP_ABORTED;
    case http::Truncation::kIdle:
      return QTAP_HTTP_STOPPED;
    case http::Truncation::kLimit:
      return QTAP_HTTP_LIMIT;
  }
  return QTAP_HTTP_LIMIT;
}

void fill_request(const http::Request& request, qtap_http_message& out) {
  out.method = str_of(request.method);
  out.target = str_of(request.target);
  out.scheme = str_of(request.scheme);
  out.authority = str_of(request.authority);
  out.status = -1;
  out.version = request.version_major * 10u + request.version_minor;
  if (!request.target_known) out.flags |= QTAP_HTTP_PATH_UNKNOWN;
}

void fill_response(const http::Response& response, qtap_http_message& out) {
  out.reason = str_of(response.reason);
  out.status = response.status.value_or(-1);
  out.version = response.version_major * 10u + response.version_minor;
  out.interim = response.interims.count;
  std::copy(response.interims.statuses.begin(), response.interims.statuses.end(),
            out.interim_status);
  if (response.start_ns == 0) out.flags |= QTAP_HTTP_NO_MESSAGE;
}

qtap_http_message message_of(const http::Exchange& exchange, http::MessageKind kind) {
  const http::Message& message = exchange.message(kind);
  qtap_http_message out = {};
  out.truncation = truncation_of(message);
  if (message.complete) out.flags |= QTAP_HTTP_COMPLETE;
  if (message.framing_conflict) out.flags |= QTAP_HTTP_FRAMING_CONFLICT;
  kind == http::MessageKind::kRequest ? fill_request(exchange.request, out)
                                      : fill_response(exchange.response, out);
  out.headers = static_cast<uint32_t>(message.headers.size());
  out.trailers = static_cast<uint32_t>(message.trailers.size());
  out.unknown_fields = message.unknown_fields;
  out.stream = exchange.stream;
  out.body = str_of(message.body);
  out.body_bytes = message.body_bytes;
  out.wire_bytes = message.wire_bytes;
  out.missing_bytes = message.missing_bytes.value_or(UINT64_MAX);
  out.start_ns = static_cast<uint64_t>(message.start_ns);
  out.end_ns = static_cast<uint64_t>(message.end_ns);
  return out;
}

bool is_which(int which) {
  return which == QTAP_HTTP_REQUEST || which == QTAP_HTTP_RESPONSE;
}

}  // namespace

extern "C" {

int qtap_http_parser_new(const qtap_http_options* options, const qtap_http_callbacks* callbacks,
                         void* user, qtap_http_parser** ret) {
  if (!callbacks || !ret) return QTAP_ERR_INVALID;
  return guard([&] { return make(options, callbacks, user, ret); });
}

int qtap_http_parser_data(qtap_http_parser* p, int direction, uint64_t time_ns, const void* bytes,
                          size_t len) {
  if (!bytes && len > 0) return QTAP_ERR_INVALID;
  return on_parser(p, direction, time_ns, [&](http::Parser& parser, Direction d, int64_t at) {
    if (len > 0) parser.data(d, at, {static_cast<const uint8_t*>(bytes), len});
  });
}

int qtap_http_parser_gap(qtap_http_parser* p, int direction, uint64_t time_ns, uint64_t len) {
  return on_parser(p, direction, time_ns,
                   [&](http::Parser& parser, Direction d, int64_t at) { parser.gap(d, at, len); });
}

int qtap_http_parser_end(qtap_http_parser* p, uint64_t time_ns, int closed) {
  const int status = on_parser(p, 0, time_ns, [&](http::Parser& parser, Direction, int64_t at) {
    parser.close(at, closed != 0 ? http::Truncation::kAborted : http::Truncation::kIdle);
  });
  if (status == QTAP_OK) {
    p->callbacks.stats.protocol = protocol_of(*p);
    p->parser.reset();
  }
  return status;
}

int qtap_http_parser_stats(const qtap_http_parser* p, qtap_http_stats* ret) {
  if (!p) return QTAP_ERR_INVALID;
  qtap_http_stats stats = p->callbacks.stats;
  stats.protocol = protocol_of(*p);
  return qtap::capi::export_struct(stats, ret);
}

void qtap_http_parser_free(qtap_http_parser* p) {
  delete p;
}

int qtap_http_message_get(const qtap_http_exchange* exchange, int which, qtap_http_message* ret) {
  if (!exchange || !is_which(which)) return QTAP_ERR_INVALID;
  const auto kind = static_cast<http::MessageKind>(which);
  return qtap::capi::export_struct(message_of(from_c(exchange), kind), ret);
}

int qtap_http_field_at(const qtap_http_exchange* exchange, int which, size_t index,
                       qtap_str* ret_name, qtap_str* ret_value) {
  if (!exchange || !is_which(which) || !ret_name || !ret_value) return QTAP_ERR_INVALID;
  const http::Message& message = from_c(exchange).message(static_cast<http::MessageKind>(which));
  const size_t heads = message.headers.size();
  if (index >= heads + message.trailers.size()) return QTAP_ERR_NOTFOUND;
  const http::Header field =
      index < heads ? message.headers[index] : message.trailers[index - heads];
  const bool name_known = !field.name.empty();
  const bool value_known = name_known || !field.value.empty();
  *ret_name = name_known ? str_of(field.name) : qtap_str{nullptr, 0};
  *ret_value = value_known ? str_of(field.value) : qtap_str{nullptr, 0};
  return QTAP_OK;
}

const qtap_http_exchange* qtap_http_exchange_ref(const qtap_http_exchange* exchange) {
  if (exchange) from_c(exchange).ref();
  return exchange;
}

void qtap_http_exchange_unref(const qtap_http_exchange* exchange) {
  if (exchange) qtap::Ref<http::Exchange>::release(&from_c(exchange));
}

}  // extern "C"
