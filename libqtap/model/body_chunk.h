// SPDX-License-Identifier: Apache-2.0
// A body in transfer: what of it passes by, and the pieces in which it goes to the stores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/direction.h"
#include "base/ref.h"
#include "http/exchange.h"
#include "model/field_stage.h"

namespace qtap {

using http::BodyEnd;
using http::BodyPiece;
using http::kMessageKinds;
using http::MessageKind;

// What a store gets. Immutable once handed out: stores share it.
struct BodyChunk : RefCounted {
  std::string transaction_id;
  std::string connection_id;
  MessageKind message = MessageKind::kRequest;
  Direction direction = Direction::kSent;
  uint64_t offset = 0;  // of data in the body. Chunks come in order: a jump is what is missing
  std::string data;
  // The last chunk of a body, which has no data. Its offset is the length, when that is known.
  bool last = false;
  bool complete = false;      // last: the end of the message was seen
  bool length_known = false;  // last: of the body
};

// How far one body of a transaction in transfer has gone to the stores.
struct BodyFlow {
  enum class State : uint8_t {
    kUndecided,  // whether it may go out is not known yet; the message keeps its beginning
    kOpen,       // it goes out as it comes
    kClosed,     // nothing (more) of it goes out
  };
  State state = State::kUndecided;
  Direction direction = Direction::kSent;  // of the last piece
  uint64_t kept = 0;           // kUndecided: so many bytes of the message's body follow one another
  std::optional<BodyEnd> end;  // kUndecided: it has ended meanwhile
  std::optional<FieldStage> asked_at;  // kUndecided: what was known then did not tell
};

}  // namespace qtap
