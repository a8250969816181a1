// SPDX-License-Identifier: Apache-2.0
#include <qtap/session.h>

#include "capi/boundary.h"

using namespace qtap::capi;
using qtap::Status;
using qtap::session::Session;

namespace {

// A number, or the status of an error.
int count(qtap_session* s, qtap::Result<int> result) {
  if (!result.ok()) return keep(*s, std::move(result).error());
  s->error.clear();
  return *result;
}

}  // namespace

extern "C" {

int qtap_session_new(qtap_session** ret, qtap_config* config) {
  if (!ret) return QTAP_ERR_INVALID;
  return guard([&]() -> int {
    const qtap::session::Logger logger = config ? config->logger : qtap::session::Logger{};
    auto created = Session::create(config ? config->config : qtap::Config(), logger);
    if (!created.ok()) {
      if (config) config->error = created.error().text;
      return created.error().status;
    }
    auto handle = std::make_unique<qtap_session>();
    handle->session = *std::move(created);
    handle->logger = logger;
    *ret = handle.release();
    return QTAP_OK;
  });
}

int qtap_session_set_callbacks(qtap_session* s, const struct qtap_callbacks* cb, void* user) {
  return on_session(s, Where::kOutsideCallbacks, [&](Session& session) -> Status {
    QTAP_TRY(const qtap_callbacks callbacks, import_struct(cb, "qtap_callbacks"));
    return session.set_callbacks(callbacks, user);
  });
}

int qtap_session_start(qtap_session* s) {
  if (!s) return QTAP_ERR_INVALID;
  if (s->session->in_callback()) return QTAP_ERR_BUSY;
  return guard([&] {
    const int outcome = count(s, s->session->start());
    if (outcome == QTAP_WARN_PARTIAL) s->error = s->session->warning();
    return outcome;
  });
}

int qtap_session_fd(qtap_session* s) { return s ? s->session->fd() : QTAP_ERR_INVALID; }

int qtap_session_poll(qtap_session* s, int timeout_ms) {
  if (!s) return QTAP_ERR_INVALID;
  if (s->session->in_callback()) return QTAP_ERR_BUSY;
  return guard([&] { return count(s, s->session->poll(timeout_ms)); });
}

int qtap_session_done(qtap_session* s) { return s && s->session->done() ? 1 : 0; }

int qtap_session_run(qtap_session* s) {
  return on_session(s, Where::kOutsideCallbacks, [](Session& session) { return session.run(); });
}

void qtap_session_stop(qtap_session* s) {
  if (s) s->session->stop();
}

int qtap_session_flush(qtap_session* s, int timeout_ms) {
  return on_session(s, Where::kOutsideCallbacks, [&](Session& session) { return session.flush(timeout_ms); });
}

int qtap_session_stats(qtap_session* s, struct qtap_stats* ret) {
  if (!s || !ret) return QTAP_ERR_INVALID;
  return guard([&] { return export_struct(s->session->stats(), ret); });
}

const char* qtap_session_attached_at(qtap_session* s, size_t index) {
  if (!s || index >= s->session->attached().size()) return nullptr;
  return s->session->attached()[index].c_str();
}

const char* qtap_session_error(qtap_session* s) { return s ? s->error.c_str() : ""; }

void qtap_session_free(qtap_session* s) {
  if (!s) return;
  if (s->session->in_callback()) {
    // Freeing what is running would crash the caller's program: it keeps its session instead.
    if (s->logger.fn) {
      s->logger.fn(QTAP_LOG_ERROR, "qtap_session_free: called from a callback of this session; ignored", s->logger.user);
    }
    return;
  }
  delete s;
}

}  // extern "C"
