// SPDX-License-Identifier: Apache-2.0
// In: pieces of bodies in transfer. Out: BodyChunks for the stores that take them.
// The gate of the golden rule: a byte of a body leaves here only when a plugin has said that this
// transaction is kept in full and its connection is wanted. Until that is known nothing is handed
// out; what the message keeps meanwhile (at most capture.body_buffer) goes first then, and what it
// could not keep is missing. Used on the shard's thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/id_maker.h"
#include "model/body_chunk.h"
#include "model/transaction.h"
#include "plugin/plugin.h"
#include "session/outlet.h"

namespace qtap::session {

// Whether bodies will be handed out at all: some store takes them, some plugin may keep them.
bool streams_bodies(const std::vector<std::unique_ptr<plugin::Plugin>>& plugins,
                    const Outlet& outlet);

class BodyStreams {
 public:
  // All are borrowed. `body_buffer`: what messages keep of a body.
  BodyStreams(const std::vector<std::unique_ptr<plugin::Plugin>>& plugins, IdMaker& ids,
              Outlet& outlet, uint64_t body_buffer)
      : plugins_(plugins), ids_(ids), outlet_(outlet), body_buffer_(body_buffer) {}

  void on_piece(const Ref<Connection>& conn, Transaction& tx, const BodyPiece& piece, bool wanted);
  void on_end(const Ref<Connection>& conn, Transaction& tx, const BodyEnd& end, bool wanted);
  // The transaction is over and wanted: what was not decided is decided now.
  void on_transaction(const Ref<Connection>& conn, Transaction& tx);

 private:
  plugin::BodyChoice choose(const Ref<Connection>& conn, Transaction& tx, FieldStage stage) const;
  bool decide(const Ref<Connection>& conn, Transaction& tx, MessageKind kind, Direction direction,
              bool wanted);
  void send(const Ref<Connection>& conn, const Transaction& tx, BodyPiece piece);
  void send_end(const Ref<Connection>& conn, Transaction& tx, const BodyEnd& end);

  const std::vector<std::unique_ptr<plugin::Plugin>>& plugins_;
  IdMaker& ids_;
  Outlet& outlet_;
  const uint64_t body_buffer_;
};

}  // namespace qtap::session
