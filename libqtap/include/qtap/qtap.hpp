// SPDX-License-Identifier: Apache-2.0
/**
 * @file qtap.hpp
 * libqtap for C++20: owning handles, a virtual Handler, shared references, no exceptions.
 * Header-only over the C ABI: it has no ABI of its own, so that any compiler pairs with any
 * libqtap. The contracts are those of the C headers.
 */
#ifndef QTAP_QTAP_HPP
#define QTAP_QTAP_HPP

#include <qtap/qtap.h>
#include <qtap/base.hpp>
#include <qtap/http.hpp>
#include <qtap/rulekit.hpp>
#include <qtap/s3.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace qtap {
// The names are versioned: the library's own classes, in libqtap.a, live in qtap as well.
inline namespace v0 {

/** The bytes of a chunk of a body, in qtap_sink_ops.put_body; borrowed like the chunk. @since 0.1
 */
inline std::string_view view(const qtap_body_chunk& chunk) {
  return chunk.len > 0 ? std::string_view(static_cast<const char*>(chunk.bytes), chunk.len)
                       : std::string_view();
}
/** The payload of a message; borrowed like the message. @since 0.1 */
inline std::string_view view(const qtap_stream_message& message) {
  return message.len > 0 ? std::string_view(static_cast<const char*>(message.bytes), message.len)
                         : std::string_view();
}
/** A fact, read by name. The getters are empty when the value is of another type. @since 0.1 */
class Value {
 public:
  Value() = default;
  explicit Value(const qtap_value& raw) : raw_(raw) {}

  int type() const { return raw_.type; }
  const qtap_value& raw() const { return raw_; }

  std::optional<std::string_view> text() const {
    const bool has = raw_.type == QTAP_VALUE_STRING || raw_.type == QTAP_VALUE_BYTES;
    return has ? std::optional(view(raw_.s)) : std::nullopt;
  }
  std::optional<int64_t> integer() const {
    if (raw_.type == QTAP_VALUE_INT64) return raw_.i;
    if (raw_.type == QTAP_VALUE_UINT64 && raw_.u <= uint64_t{INT64_MAX})
      return static_cast<int64_t>(raw_.u);
    return std::nullopt;
  }
  std::optional<bool> boolean() const {
    return raw_.type == QTAP_VALUE_BOOL ? std::optional(raw_.i != 0) : std::nullopt;
  }
  std::optional<double> number() const {
    return raw_.type == QTAP_VALUE_DOUBLE ? std::optional(raw_.d) : std::nullopt;
  }

 private:
  qtap_value raw_ = {};
};

namespace detail {

// The C functions of a reference-counted noun, by its type.
template <typename T>
struct Calls;
template <>
struct Calls<qtap_connection> {
  static constexpr auto ref = qtap_connection_ref;
  static constexpr auto unref = qtap_connection_unref;
  static constexpr auto field = qtap_connection_field;
};
template <>
struct Calls<qtap_transaction> {
  static constexpr auto ref = qtap_transaction_ref;
  static constexpr auto unref = qtap_transaction_unref;
  static constexpr auto field = qtap_transaction_field;
};
template <>
struct Calls<qtap_event> {
  static constexpr auto ref = qtap_event_ref;
  static constexpr auto unref = qtap_event_unref;
  static constexpr auto field = qtap_event_field;
};
template <>
struct Calls<qtap_object> {
  static constexpr auto ref = qtap_object_ref;
  static constexpr auto unref = qtap_object_unref;
  static constexpr auto field = qtap_object_field;
};

}  // namespace detail

/**
 * A shared reference to something that a session handed out. Copies are cheap; any thread; may
 * outlive the session. Views live as long as some reference to the same noun. A moved-from one may
 * only be assigned to or destroyed. @since 0.1
 */
template <typename T>
class Shared {
 public:
  explicit Shared(const T* borrowed) : ptr_(detail::Calls<T>::ref(borrowed)) {}
  Shared(const Shared& other) : Shared(other.ptr_) {}
  Shared(Shared&& other) noexcept : ptr_(std::exchange(other.ptr_, nullptr)) {}
  Shared& operator=(Shared other) noexcept {
    std::swap(ptr_, other.ptr_);
    return *this;
  }
  ~Shared() { detail::Calls<T>::unref(ptr_); }

  const T* get() const { return ptr_; }

  /** docs/fields.md lists the names; empty: no such field, or no value. */
  std::optional<Value> field(const char* name) const {
    qtap_value value = {};
    if (detail::Calls<T>::field(ptr_, name, &value) < 0) return std::nullopt;
    return Value(value);
  }
  /** Empty as well when the field is not a text. */
  std::string_view text(const char* name) const {
    const std::optional<Value> value = field(name);
    return value ? value->text().value_or(std::string_view()) : std::string_view();
  }
  std::optional<int64_t> integer(const char* name) const {
    const std::optional<Value> value = field(name);
    return value ? value->integer() : std::nullopt;
  }

 private:
  const T* ptr_;
};

using Connection = Shared<qtap_connection>;

/** One header field. @since 0.1 */
struct Header {
  std::string_view name;
  std::string_view value;
};

/** A request and its response. @since 0.1 */
class Transaction : public Shared<qtap_transaction> {
 public:
  using Shared::Shared;

  qtap::v0::Connection connection() const {
    return qtap::v0::Connection(qtap_transaction_connection(get()));
  }
  /** Header field `index` of QTAP_REQUEST or QTAP_RESPONSE in wire order; empty past the end. */
  std::optional<Header> header(int message, size_t index) const {
    qtap_str name = {}, value = {};
    if (qtap_transaction_header_at(get(), message, index, &name, &value) < 0) return std::nullopt;
    return Header{view(name), view(value)};
  }
  std::string_view body(int message) const {
    qtap_str body = {};
    return qtap_transaction_body(get(), message, &body) < 0 ? std::string_view() : view(body);
  }
  /** Without content codings, decoded by the first call; `ret_state` gets enum qtap_decode_state.
   */
  std::string_view decoded_body(int message, int* ret_state = nullptr) const {
    qtap_str body = {};
    return qtap_transaction_decoded_body(get(), message, &body, ret_state) < 0 ? std::string_view()
                                                                               : view(body);
  }
};

/** Anonymised metadata as JSON. @since 0.1 */
class Event : public Shared<qtap_event> {
 public:
  using Shared::Shared;
  std::string_view json() const {
    qtap_str json = {};
    return qtap_event_json(get(), &json) < 0 ? std::string_view() : view(json);
  }
};

/** Sensitive bytes. @since 0.1 */
class Object : public Shared<qtap_object> {
 public:
  using Shared::Shared;
  std::string_view data() const {
    qtap_str data = {};
    return qtap_object_data(get(), &data) < 0 ? std::string_view() : view(data);
  }
};

/**
 * What a session calls; override what you want. Return 0 to go on, a negative value to make poll()
 * return QTAP_ERR_CALLBACK. An exception that leaves one of these ends the program. @since 0.1
 */
class Handler {
 public:
  virtual ~Handler() = default;
  virtual int on_connection(const Connection&, int /*phase*/) { return 0; }
  virtual int on_data(const Connection&, const qtap_data&) { return 0; }
  virtual int on_transaction(const Transaction&) { return 0; }
  virtual int on_event(const Event&) { return 0; }
  virtual int on_object(const Object&) { return 0; }
  virtual int on_message(const Connection&, const Transaction&, const qtap_stream_message&) {
    return 0;
  }
};

/** Options by name; see qtap/config.h. @since 0.1 */
class Config {
 public:
  Config() {
    qtap_config* raw = nullptr;
    // Without memory the handle stays empty and every call below says so.
    if (qtap_config_new(&raw) == QTAP_OK) handle_.reset(raw);
  }

  Status set(const std::string& key, const std::string& value) {
    return status(qtap_config_set(get(), key.c_str(), value.c_str()));
  }
  Status parse(std::string_view yaml, const std::string& name = "config") {
    return status(qtap_config_parse_named(get(), yaml.data(), yaml.size(), name.c_str()));
  }
  void set_logger(qtap_log_fn fn, void* user) { qtap_config_set_logger(get(), fn, user); }

  qtap_config* get() const { return handle_.get(); }
  /** `code` with this configuration's text. */
  Status status(int code) const {
    if (!handle_) return {QTAP_ERR_NOMEM, "out of memory"};
    return {code, code < 0 ? qtap_config_error(get()) : ""};
  }

 private:
  struct Free {
    void operator()(qtap_config* config) const { qtap_config_free(config); }
  };
  std::unique_ptr<qtap_config, Free> handle_;
};

/**
 * A capture. create() makes it; the handler, if any, must outlive it. Calls on an empty
 * (default-made, moved-from) session are QTAP_ERR_INVALID. @since 0.1
 */
class Session {
 public:
  Session() = default;

  /** On success `ret` is the new session. */
  static Status create(Session& ret, const Config& config) {
    return create(ret, config, {}, nullptr);
  }
  /**
   * The session asks for what the type H overrides, and keeps no bodies for calls that nobody
   * reads. Through a plain Handler it asks for everything.
   */
  template <std::derived_from<Handler> H>
  static Status create(Session& ret, const Config& config, H* handler) {
    return create(ret, config, trampolines<H>(), handler);
  }

  Status add_sink(const qtap_sink_ops& ops, void* user) {
    return status(qtap_session_add_sink(get(), &ops, user));
  }
  Status start() { return status(qtap_session_start(get())); }
  /** `handled`, if given, receives the number of records. */
  Status poll(int timeout_ms, int* handled = nullptr) {
    const int n = qtap_session_poll(get(), timeout_ms);
    if (n < 0) return status(n);
    if (handled) *handled = n;
    return {};
  }
  Status run() { return status(qtap_session_run(get())); }
  Status flush(int timeout_ms = -1) { return status(qtap_session_flush(get(), timeout_ms)); }
  void stop() { qtap_session_stop(get()); }
  bool done() const { return qtap_session_done(get()) == 1; }
  int fd() const { return qtap_session_fd(get()); }
  qtap_stats stats() const {
    qtap_stats stats = {};
    stats.size = sizeof stats;
    // Cannot fail: neither is NULL; an empty session has counted nothing.
    if (handle_) static_cast<void>(qtap_session_stats(get(), &stats));
    return stats;
  }

  /** For capture.source=feed; see qtap/input.h. `peer.size` is set here. */
  Status feed_open(qtap_peer peer, uint64_t time_ns, uint64_t& ret_id) {
    peer.size = sizeof peer;
    return status(qtap_feed_open(get(), &peer, time_ns, &ret_id));
  }
  Status feed_data(uint64_t id, int direction, uint64_t time_ns, std::string_view bytes) {
    return status(qtap_feed_data(get(), id, direction, time_ns, bytes.data(), bytes.size()));
  }
  Status feed_gap(uint64_t id, int direction, uint64_t len) {
    return status(qtap_feed_gap(get(), id, direction, len));
  }
  Status feed_close(uint64_t id, uint64_t time_ns) {
    return status(qtap_feed_close(get(), id, time_ns));
  }
  Status feed_tick(uint64_t time_ns) { return status(qtap_feed_tick(get(), time_ns)); }

  qtap_session* get() const { return handle_.get(); }

 private:
  struct Free {
    void operator()(qtap_session* session) const { qtap_session_free(session); }
  };

  Status status(int code) const { return {code, code == QTAP_OK ? "" : qtap_session_error(get())}; }

  static Status create(Session& ret, const Config& config, const qtap_callbacks& callbacks,
                       Handler* handler) {
    if (!config.get()) return config.status(QTAP_ERR_NOMEM);
    qtap_session* raw = nullptr;
    const int code = qtap_session_new(&raw, config.get());
    if (code < 0) return config.status(code);
    Session made;
    made.handle_.reset(raw);
    if (handler) {
      if (Status set = made.status(qtap_session_set_callbacks(raw, &callbacks, handler)); !set)
        return set;
    }
    ret = std::move(made);
    return {};
  }

  static Handler& handler_of(void* user) { return *static_cast<Handler*>(user); }

  // False only when H surely leaves the call as Handler has it: a private override has no address.
#define QTAP_OVERRIDES_(call)                                               \
  [] {                                                                      \
    if constexpr (std::is_same_v<H, Handler>)                               \
      return true;                                                          \
    else if constexpr (requires { &H::call; })                              \
      return !std::is_same_v<decltype(&H::call), decltype(&Handler::call)>; \
    else                                                                    \
      return true;                                                          \
  }()
  template <typename H>
  static qtap_callbacks trampolines() {
    qtap_callbacks cb = all_trampolines();
    if (!QTAP_OVERRIDES_(on_connection)) cb.on_connection = nullptr;
    if (!QTAP_OVERRIDES_(on_data)) cb.on_data = nullptr;
    if (!QTAP_OVERRIDES_(on_transaction)) cb.on_transaction = nullptr;
    if (!QTAP_OVERRIDES_(on_event)) cb.on_event = nullptr;
    if (!QTAP_OVERRIDES_(on_object)) cb.on_object = nullptr;
    if (!QTAP_OVERRIDES_(on_message)) cb.on_message = nullptr;
    return cb;
  }
#undef QTAP_OVERRIDES_
  static qtap_callbacks all_trampolines() {
    qtap_callbacks cb = {};
    cb.size = sizeof cb;
    cb.on_connection = [](const qtap_connection* conn, int phase, void* user) noexcept {
      return handler_of(user).on_connection(Connection(conn), phase);
    };
    cb.on_data = [](const qtap_connection* conn, const qtap_data* data, void* user) noexcept {
      return handler_of(user).on_data(Connection(conn), *data);
    };
    cb.on_transaction = [](const qtap_transaction* tx, void* user) noexcept {
      return handler_of(user).on_transaction(Transaction(tx));
    };
    cb.on_event = [](const qtap_event* event, void* user) noexcept {
      return handler_of(user).on_event(Event(event));
    };
    cb.on_object = [](const qtap_object* object, void* user) noexcept {
      return handler_of(user).on_object(Object(object));
    };
    cb.on_message = [](const qtap_connection* conn, const qtap_transaction* tx,
                       const qtap_stream_message* message, void* user) noexcept {
      return handler_of(user).on_message(Connection(conn), Transaction(tx), *message);
    };
    return cb;
  }

  std::unique_ptr<qtap_session, Free> handle_;
};

}  // namespace v0
}  // namespace qtap

#endif /* QTAP_QTAP_HPP */
