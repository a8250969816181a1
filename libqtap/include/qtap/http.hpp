// SPDX-License-Identifier: Apache-2.0
/**
 * @file http.hpp
 * HTTP on its own for C++20; see http.h.
 */
#ifndef QTAP_HTTP_HPP
#define QTAP_HTTP_HPP

#include <qtap/http.h>
#include <qtap/base.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace qtap {
inline namespace v0 {

/** A request and the response to it. Inside of a callback it may be looked at; a copy of one that
 * is over, in on_exchange, may be kept, on any thread. @since 0.1 */
class HttpExchange {
 public:
  explicit HttpExchange(const qtap_http_exchange* borrowed)
      : handle_(qtap_http_exchange_ref(borrowed)) {}
  HttpExchange(const HttpExchange& other) : HttpExchange(other.handle_) {}
  HttpExchange(HttpExchange&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  HttpExchange& operator=(HttpExchange other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~HttpExchange() { qtap_http_exchange_unref(handle_); }

  qtap_http_message request() const { return message(QTAP_HTTP_REQUEST); }
  qtap_http_message response() const { return message(QTAP_HTTP_RESPONSE); }

  /** Calls `each(name, value)` for the fields of a message, trailers last; nullopt: not known. */
  template <typename Each>
  void for_each_field(qtap_http_which which, Each&& each) const {
    qtap_str name = {};
    qtap_str value = {};
    for (size_t at = 0; qtap_http_field_at(handle_, which, at, &name, &value) == QTAP_OK; ++at) {
      each(known(name), known(value));
    }
  }

  const qtap_http_exchange* get() const { return handle_; }

 private:
  static std::optional<std::string_view> known(qtap_str s) {
    return s.data ? std::optional(view(s)) : std::nullopt;
  }
  qtap_http_message message(qtap_http_which which) const {
    qtap_http_message ret = {};
    ret.size = sizeof ret;
    qtap_http_message_get(handle_, which, &ret);
    return ret;
  }

  const qtap_http_exchange* handle_;
};

/** What a parser tells; see struct qtap_http_callbacks. An exception that leaves one ends the
 * program. @since 0.1 */
class HttpHandler {
 public:
  virtual ~HttpHandler() = default;
  virtual void on_request(const qtap_http_exchange*) {}
  virtual void on_response(const qtap_http_exchange*) {}
  virtual void on_body(const qtap_http_exchange*, const qtap_http_body&) {}
  virtual void on_exchange(const HttpExchange&) {}
  virtual void on_error(const qtap_http_error&) {}
};

/** Reads one connection; see qtap_http_parser_new(). @since 0.1 */
class HttpParser {
 public:
  HttpParser() = default;

  /** `options.size` need not be set. `handler` is borrowed as long as the parser lives. */
  static Status make(qtap_http_options options, HttpHandler& handler, HttpParser& ret) {
    options.size = sizeof options;
    qtap_http_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    callbacks.on_request = [](const qtap_http_exchange* x, void* user) noexcept {
      static_cast<HttpHandler*>(user)->on_request(x);
    };
    callbacks.on_response = [](const qtap_http_exchange* x, void* user) noexcept {
      static_cast<HttpHandler*>(user)->on_response(x);
    };
    callbacks.on_body = [](const qtap_http_exchange* x, const qtap_http_body* body,
                           void* user) noexcept {
      static_cast<HttpHandler*>(user)->on_body(x, *body);
    };
    callbacks.on_exchange = [](const qtap_http_exchange* x, void* user) noexcept {
      static_cast<HttpHandler*>(user)->on_exchange(HttpExchange(x));
    };
    callbacks.on_error = [](const qtap_http_error* error, void* user) noexcept {
      static_cast<HttpHandler*>(user)->on_error(*error);
    };
    qtap_http_parser* raw = nullptr;
    const int code = qtap_http_parser_new(&options, &callbacks, &handler, &raw);
    if (code < 0) return {code, qtap_status_name(code)};
    ret.handle_.reset(raw);
    return {};
  }

  int data(int direction, uint64_t time_ns, std::string_view bytes) {
    return qtap_http_parser_data(handle_.get(), direction, time_ns, bytes.data(), bytes.size());
  }
  int gap(int direction, uint64_t time_ns, uint64_t len) {
    return qtap_http_parser_gap(handle_.get(), direction, time_ns, len);
  }
  int end(uint64_t time_ns, bool closed) {
    return qtap_http_parser_end(handle_.get(), time_ns, closed ? 1 : 0);
  }
  qtap_http_stats stats() const {
    qtap_http_stats ret = {};
    ret.size = sizeof ret;
    qtap_http_parser_stats(handle_.get(), &ret);
    return ret;
  }

 private:
  struct Free {
    void operator()(qtap_http_parser* parser) const { qtap_http_parser_free(parser); }
  };
  std::unique_ptr<qtap_http_parser, Free> handle_;
};

/** Undoes content codings; see qtap_http_decoder_new(). `Take` is called as `void take(
 * std::string_view decoded)`; an exception that leaves it ends the program. Neither copied nor
 * moved: the library holds its address. @since 0.1 */
template <typename Take>
class HttpDecoder {
 public:
  explicit HttpDecoder(Take take) : take_(std::move(take)) {}
  HttpDecoder(const HttpDecoder&) = delete;
  HttpDecoder& operator=(const HttpDecoder&) = delete;

  Status begin(std::string_view content_encoding) {
    qtap_http_decoder* raw = nullptr;
    const auto take = [](const void* bytes, size_t len, void* user) noexcept {
      (*static_cast<Take*>(user))(std::string_view(static_cast<const char*>(bytes), len));
    };
    const int code = qtap_http_decoder_new(content_encoding.data(), content_encoding.size(),
                                           nullptr, take, &take_, &raw);
    if (code < 0) return {code, qtap_status_name(code)};
    handle_.reset(raw);
    return {};
  }

  /** enum qtap_http_decode_state, or a negative status. */
  int data(std::string_view bytes) {
    return qtap_http_decoder_data(handle_.get(), bytes.data(), bytes.size());
  }
  int gap() { return qtap_http_decoder_gap(handle_.get()); }
  int end() { return qtap_http_decoder_end(handle_.get()); }

 private:
  struct Free {
    void operator()(qtap_http_decoder* decoder) const { qtap_http_decoder_free(decoder); }
  };
  Take take_;
  std::unique_ptr<qtap_http_decoder, Free> handle_;
};

/** What a Content-Type says; see qtap_http_media_type_parse(). @since 0.1 */
class HttpMediaType {
 public:
  HttpMediaType() = default;

  static Status parse(std::string_view content_type, HttpMediaType& ret) {
    qtap_http_media_type* raw = nullptr;
    const int code = qtap_http_media_type_parse(content_type.data(), content_type.size(), &raw);
    if (code < 0) return {code, qtap_status_name(code)};
    ret.handle_.reset(raw);
    return {};
  }

  std::string_view type() const { return view(qtap_http_media_type_type(handle_.get())); }
  std::string_view subtype() const { return view(qtap_http_media_type_subtype(handle_.get())); }
  std::string_view suffix() const { return view(qtap_http_media_type_suffix(handle_.get())); }
  /** The value of a parameter; `name` in lower case. */
  std::optional<std::string_view> parameter(std::string_view name) const {
    qtap_str found = {};
    qtap_str value = {};
    for (size_t at = 0;
         qtap_http_media_type_parameter_at(handle_.get(), at, &found, &value) == QTAP_OK; ++at) {
      if (view(found) == name) return view(value);
    }
    return std::nullopt;
  }
  /** What breaks the grammar first; "" when nothing does. */
  std::string_view fault() const { return qtap_http_media_type_fault(handle_.get(), nullptr); }

 private:
  struct Free {
    void operator()(qtap_http_media_type* m) const { qtap_http_media_type_free(m); }
  };
  std::unique_ptr<qtap_http_media_type, Free> handle_;
};

}  // namespace v0
}  // namespace qtap

#endif  // QTAP_HTTP_HPP
