// SPDX-License-Identifier: Apache-2.0
#include <qtap/session.h>

#include <cerrno>

#include "capi/boundary.h"

using namespace qtap::capi;
using qtap::Status;
using qtap::session::Session;

namespace {

void log(const qtap::session::Logger& logger, int level, const char* message) {
  if (logger.fn) logger.fn(level, message, logger.user);
}

int new_session(qtap_session** ret, const qtap::Config& config, qtap::session::Logger logger,
                HandleText& error) {
  auto created = Session::create(config, logger);
  if (!created.ok()) return settle(error, std::move(created).error());
  auto handle = std::make_unique<qtap_session>();
  handle->logger = logger;
  handle->session = *std::move(created);
  error.clear();
  *ret = handle.release();
  return QTAP_OK;
}

}  // namespace

extern "C" {

int qtap_session_new(qtap_session** ret, qtap_config* config) {
  if (!ret) return QTAP_ERR_INVALID;
  const int status = guard([&] {
    HandleText nobody_reads;
    return config ? new_session(ret, config->config, config->logger, config->error)
                  : new_session(ret, qtap::Config(), {}, nobody_reads);
  });
  if (config && status == QTAP_ERR_NOMEM) config->error.set_short(kOutOfMemory);
  return status;
}

int qtap_session_set_callbacks(qtap_session* s, const struct qtap_callbacks* cb, void* user) {
  constexpr Call kCall = call("qtap_session_set_callbacks");
  return on_session(s, kCall, [&](Session& session) -> Status {
    QTAP_TRY(const qtap_callbacks callbacks, import_struct(cb, "qtap_callbacks"));
    return session.set_callbacks(callbacks, user);
  });
}

int qtap_session_start(qtap_session* s) {
  constexpr Call kCall = call("qtap_session_start");
  const int status = on_session(s, kCall, [](Session& session) { return session.start(); });
  if (status != QTAP_WARN_PARTIAL) return status;
  return guard([&] {
    s->error.set(s->session->warning());
    return status;
  });
}

int qtap_session_fd(qtap_session* s) {
  return s ? s->session->fd() : QTAP_ERR_INVALID;
}

int qtap_session_poll(qtap_session* s, int timeout_ms) {
  constexpr Call kCall = call("qtap_session_poll");
  return on_session(s, kCall, [&](Session& session) { return session.poll(timeout_ms); });
}

int qtap_session_done(qtap_session* s) {
  return s && s->session->done() ? 1 : 0;
}

int qtap_session_run(qtap_session* s) {
  constexpr Call kCall = call("qtap_session_run");
  return on_session(s, kCall, [](Session& session) { return session.run(); });
}

void qtap_session_stop(qtap_session* s) {
  const int interrupted = errno;  // a signal handler must leave it as it was
  if (s) s->session->stop();
  errno = interrupted;
}

int qtap_session_flush(qtap_session* s, int timeout_ms) {
  constexpr Call kCall = call("qtap_session_flush");
  return on_session(s, kCall, [&](Session& session) { return session.flush(timeout_ms); });
}

int qtap_session_stats(qtap_session* s, struct qtap_stats* ret) {
  if (!s || !ret) return QTAP_ERR_INVALID;
  return guard([&] { return export_struct(s->session->stats(), ret); });
}

const char* qtap_session_attached_at(qtap_session* s, size_t index) {
  if (!s || index >= s->session->attached().size()) return nullptr;
  return s->session->attached()[index].c_str();
}

const char* qtap_session_error(qtap_session* s) {
  return s ? s->error.c_str() : "";
}

void qtap_session_free(qtap_session* s) {
  if (!s) return;
  Turn turn(*s);
  if (!turn.taken()) {
    // Freeing what is running would crash the caller's program: it keeps its session instead.
    log(s->logger, QTAP_LOG_ERROR,
        "QT013: qtap_session_free: ignored, a call on this session is running");
    return;
  }
  turn.keep();
  delete s;
}

}  // extern "C"
