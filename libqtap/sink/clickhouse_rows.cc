// SPDX-License-Identifier: Apache-2.0
#include "sink/clickhouse_rows.h"

#include <simdjson.h>

#include <charconv>
#include <string_view>

#include "base/json_writer.h"
#include "sink/event_ends.h"

namespace qtap::sink {
namespace {

namespace dom = simdjson::dom;

// "tlsHandshakeUs" → "tls_handshake_us".
std::string snake_case(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool is_upper = c >= 'A' && c <= 'Z';
    if (is_upper && !out.empty() && out.back() != '_') out += '_';
    out += is_upper ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

class Row {
 public:
  explicit Row(std::string& out) : out_(out) { out_ += '{'; }
  void end() { out_ += "}\n"; }

  void put(std::string_view column, dom::element value) {
    if (value.is_null()) return;
    name(column);
    out_ += simdjson::minify(value);
  }
  void put_number(std::string_view column, std::string_view digits) {
    name(column);
    out_ += digits;
  }
  // A map of texts, whatever the values are.
  void put_texts(std::string_view column, dom::object object);
  // Its members, each a column.
  void put_members(const std::string& prefix, dom::object object);

 private:
  void name(std::string_view column) {
    if (!is_first_) out_ += ',';
    is_first_ = false;
    append_json_string(out_, column);
    out_ += ':';
  }

  std::string& out_;
  bool is_first_ = true;
};

void Row::put_texts(std::string_view column, dom::object object) {
  name(column);
  out_ += '{';
  bool is_first = true;
  for (const auto [key, value] : object) {
    if (!is_first) out_ += ',';
    is_first = false;
    append_json_string(out_, key);
    out_ += ':';
    std::string_view text;
    const bool is_text = value.get(text) == simdjson::SUCCESS;
    append_json_string(out_, is_text ? std::string(text) : simdjson::minify(value));
  }
  out_ += '}';
}

void Row::put_members(const std::string& prefix, dom::object object) {
  for (const auto [key, value] : object) {
    const std::string column = prefix + snake_case(key);
    dom::object inner;
    if (value.get(inner) == simdjson::SUCCESS) {
      put_members(column + "_", inner);
    } else {
      put(column, value);
    }
  }
}

// `end`: "local_" or "remote_", of its address; the process is the row's.
void put_endpoint(Row& row, const std::string& end, dom::object object) {
  for (const auto [key, value] : object) {
    dom::object inner;
    if (value.get(inner) != simdjson::SUCCESS) {
      row.put(snake_case(key), value);
      continue;
    }
    if (key == "address") {
      for (const char* part : {"ip", "port"}) {
        dom::element found;
        if (inner[part].get(found) == simdjson::SUCCESS) row.put(end + part, found);
      }
      continue;
    }
    dom::object pod;
    for (const auto [name, part] : inner) {  // "container"
      const bool is_pod = name == "pod" && part.get(pod) == simdjson::SUCCESS;
      is_pod ? row.put_members("pod_", pod)
             : row.put(snake_case(key) + "_" + snake_case(name), part);
    }
  }
}

void put_system(Row& row, dom::object system) {
  for (const auto [key, value] : system) {
    row.put(key == "hostname" ? "agent_hostname"
            : key == "agent"  ? "agent_name"
                              : snake_case(key),
            value);
  }
}

// grpcStatus is text in an event, a number here.
void put_status(Row& row, dom::element value) {
  std::string_view text;
  int number = 0;
  if (value.get(text) != simdjson::SUCCESS) return;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 0 || number > 255)
    return;
  row.put_number("grpc_status", text);
}

void put_object(Row& row, std::string_view key, dom::object object, dom::object event) {
  if (key == "meta") return row.put_members("", object);
  if (key == "system") return put_system(row, object);
  if (key == "summary") return row.put_texts("summary", object);
  if (key == "source" || key == "destination") {
    std::string_view direction;
    if (event["direction"].get(direction) != simdjson::SUCCESS) direction = "";
    return put_endpoint(row, is_local_end(key, direction) ? "local_" : "remote_", object);
  }
  row.put_members(snake_case(key) + "_", object);
}

void put_member(Row& row, std::string_view key, dom::element value, dom::object event) {
  if (key == "tags") return row.put("tags", value);  // a map of a connection's
  dom::object object;
  if (value.get(object) == simdjson::SUCCESS) return put_object(row, key, object, event);
  if (key == "eventType") return;  // it is the table
  if (key == "grpcStatus") return put_status(row, value);
  row.put(key == "duration" ? "duration_ms" : snake_case(key), value);
}

}  // namespace

bool append_clickhouse_row(const Event& event, std::string& rows) {
  dom::parser parser;
  dom::object object;
  if (parser.parse(event.json).get(object) != simdjson::SUCCESS) return false;
  Row row(rows);
  for (const auto [key, value] : object) put_member(row, key, value, object);
  row.end();
  return true;
}

}  // namespace qtap::sink
