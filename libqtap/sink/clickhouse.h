// SPDX-License-Identifier: Apache-2.0
// ClickHouse over HTTP: one INSERT ... FORMAT JSONEachRow for each table and batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "sink/event_protocol.h"

namespace qtap::sink {

struct ClickhouseOptions {
  std::string endpoint = "http://127.0.0.1:8123";
  std::string database = "qtap";
  std::string username = "default";
  std::string password;
  std::string table_prefix;
  bool async_insert = true;
  bool create_tables = false;
  uint32_t retention_days = 30;
  bool gzip = true;
};

std::unique_ptr<EventProtocol> make_clickhouse(const ClickhouseOptions& options);

}  // namespace qtap::sink
