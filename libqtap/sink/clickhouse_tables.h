// SPDX-License-Identifier: Apache-2.0
// The tables of spec/events-and-objects.md 8, for current versions of ClickHouse.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace qtap::sink {

// CREATE TABLE IF NOT EXISTS, a statement for each kind of event. Rows are removed when they are
// `retention_days` old.
std::vector<std::string> clickhouse_tables(const std::string& table_prefix,
                                           uint32_t retention_days);

}  // namespace qtap::sink
