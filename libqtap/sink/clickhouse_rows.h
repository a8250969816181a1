// SPDX-License-Identifier: Apache-2.0
// In: an event's JSON. Out: a row of its table as JSONEachRow (spec/events-and-objects.md 8). A
// column is the path in the JSON in snake case, joined by "_", but for both ends, the process, the
// agent and durations; null and what is not there are left to the table's defaults. Pure.
#pragma once

#include <string>

#include "model/event.h"

namespace qtap::sink {

// Appends the row and a line end. False: the event is no JSON object, and `rows` is as before.
bool append_clickhouse_row(const Event& event, std::string& rows);

}  // namespace qtap::sink
