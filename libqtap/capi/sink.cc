// SPDX-License-Identifier: Apache-2.0
#include <qtap/sink.h>

#include "capi/boundary.h"

using namespace qtap::capi;
using qtap::Error;
using qtap::Status;

extern "C" {

int qtap_session_add_sink(qtap_session* s, const struct qtap_sink_ops* ops, void* user) {
  constexpr Call kCall = call("qtap_session_add_sink");
  return on_session(s, kCall, [&](qtap::session::Session& session) -> Status {
    QTAP_TRY(const qtap_sink_ops imported, import_struct(ops, "qtap_sink_ops"));
    if (!imported.name || !*imported.name) {
      return Error{"QT007", QTAP_ERR_INVALID, "qtap_sink_ops.name: a sink needs a name"};
    }
    return session.add_sink(imported, user);
  });
}

}  // extern "C"
