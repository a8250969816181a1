// SPDX-License-Identifier: Apache-2.0
// In: an event's JSON. Out: the same as eventstore.v1.Event in protobuf, by the numbers of
// spec/events-and-objects.md 6. What has no number there is left out. Pure.
#pragma once

#include <optional>
#include <string>

#include "model/event.h"

namespace qtap::sink {

// nullopt: it is no JSON object, or of a kind that the service does not know.
std::optional<std::string> pulse_event(const Event& event);

}  // namespace qtap::sink
