// SPDX-License-Identifier: Apache-2.0
// In: Transaction, Connection reports. Out: Event, Object, console text.
// The shard owns its plugins and calls them on its thread, in the order of the stack. A plugin that
// fails is counted and skipped for that transaction; the others still run.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/event.h"
#include "model/field_table.h"
#include "model/object.h"
#include "model/transaction.h"

namespace qtap::plugin {

enum class Level : uint8_t { kNone, kSummary, kDetails, kFull };

// What of `wanted` a budget leaves: `left` is that of the transaction's process.
constexpr Level capped(Level wanted, CaptureLevel left) {
  if (left == CaptureLevel::kFull) return wanted;
  return std::min(wanted, left == CaptureLevel::kHeaders ? Level::kDetails : Level::kSummary);
}

// Where a plugin's results go; implemented by the session.
class Output {
 public:
  virtual ~Output() = default;
  virtual void emit_event(Ref<Event> event) = 0;
  // Hands an object to the host and to every object store. Returns how the first store that took it
  // refers to it; nothing when no store did: then there is no object that an event could refer to.
  // A store that gives it up later says so in its artifact_record.
  virtual std::optional<StoredObject> emit_object(Ref<Object> object) = 0;
  // Text for people, written to the process's standard output in one piece.
  virtual void emit_console(std::string text) = 0;
  // The same, with a newline behind it: spares a copy of a long document.
  virtual void emit_line(std::string_view line) { emit_console(std::string(line).append("\n")); }
};

// One transaction on its way through the stack: shared by its plugins, so that the last one sees
// what the first stored.
struct Exchange {
  const Ref<Transaction>& tx;
  std::vector<StoredObject> objects;  // that at least one store took
};

// Whether a body may go to the stores while it is in transfer.
enum class BodyChoice : uint8_t {
  kNo,
  kLater,  // cannot be told yet; asked again when more is known, and when the transaction is over
  kYes,
};

class Plugin {
 public:
  virtual ~Plugin() = default;
  virtual const char* name() const = 0;
  // How much of a transaction this plugin can need: the parser keeps no bodies when no plugin wants
  // them.
  virtual Level needs() const = 0;
  // The same of the transactions of one connection, as far as its facts tell.
  virtual Level needs_of(const Connection&) { return needs(); }
  // Asked of a transaction in transfer, of which what comes up to `stage` is known; at kEnd it is
  // over. kYes only when its objects will hold bodies whatever comes.
  virtual BodyChoice streams_bodies(const Ref<Connection>&, Transaction&, FieldStage /*stage*/) {
    return BodyChoice::kNo;
  }
  // Nothing more will come of this connection.
  virtual void forget(const Connection&) noexcept {}
  // Evaluations of rules that failed.
  virtual uint64_t rule_errors() const { return 0; }
  virtual Status on_transaction(Exchange& exchange, Output& output) = 0;
  // Called after on_transaction of every plugin of the stack.
  virtual Status on_stack_done(Exchange&, Output&) { return {}; }
};

}  // namespace qtap::plugin
