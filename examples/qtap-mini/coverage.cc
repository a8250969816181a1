// SPDX-License-Identifier: Apache-2.0
#include "coverage.h"

#include <string_view>

#include "report.h"

namespace {

// More programs than a machine runs; what comes beyond is one entry, without a pid.
constexpr size_t kMaxProcesses = 10000;

struct Explanation {
  const char* state;
  const char* reason;
  const char* remedy;
};

// The table of docs/debugging.md, section 4.
constexpr Explanation kExplanations[] = {
    {"decrypted", "plain text was read", ""},
    {"joined_late",
     "not read yet: the connection is older than the capture; its library has probes",
     "the next request on it is captured"},
    {"never_hit",
     "probes are on its library, but no plain text came by: the handshake failed, or the library "
     "is used through BIO_f_ssl",
     "tell us what program it is"},
    {"no_symbols", "OpenSSL was found without the symbols that the probes need",
     "install the distribution's library instead of a stripped build"},
    {"no_library",
     "the process has no library that we know: GnuTLS, NSS, rustls, Go, Java, OpenSSL linked in "
     "without its symbols",
     "none in this version"},
    {"not_probed", "capture.tls_probes leaves its library out, or attaching failed",
     "see the warnings; set TLS_PROBES=openssl"},
};

Explanation explain(std::string_view state) {
  for (const Explanation& known : kExplanations) {
    if (state == known.state) return known;
  }
  return {"", "a state that this program does not know", "install the qtap-mini of this library"};
}

std::string text_field(const qtap_connection* conn, const char* name) {
  qtap_value value = {};
  if (qtap_connection_field(conn, name, &value) < 0 || value.type != QTAP_VALUE_STRING) return "";
  return {value.s.data, value.s.len};
}

int64_t int_field(const qtap_connection* conn, const char* name) {
  qtap_value value = {};
  if (qtap_connection_field(conn, name, &value) < 0 || value.type != QTAP_VALUE_INT64) return 0;
  return value.i;
}

uint64_t lost_records(const qtap_stats& stats) {
  return stats.lost_ring_full + stats.lost_fault + stats.lost_map_full + stats.lost_other +
         stats.records_corrupt;
}

std::string counted(uint64_t number, const char* noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

// How many bytes from `at` are one character of UTF-8 (RFC 3629, section 4); 0: none.
size_t utf8_length(std::string_view text, size_t at) {
  const auto byte = [&](size_t i) {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return 1;
  const size_t length = first >= 0xf5 ? 0 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || length == 0) return 0;
  const unsigned second = byte(1);
  if (first == 0xe0 && second < 0xa0) return 0;  // longer than it needs to be
  if (first == 0xed && second > 0x9f) return 0;  // surrogates
  if (first == 0xf0 && second < 0x90) return 0;
  if (first == 0xf4 && second > 0x8f) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

// Paths are bytes: what is no UTF-8 becomes U+FFFD.
std::string json_text(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out = "\"";
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    const size_t length = utf8_length(text, at);
    if (length == 0) {
      out += "\\ufffd";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += "\\u00";
      out += kHex[(c >> 4) & 15];
      out += kHex[c & 15];
    } else {
      if (c == '"' || c == '\\') out += '\\';
      out += text.substr(at, length);
    }
    at += length == 0 ? 1 : length;
  }
  return out + "\"";
}

std::string json_list(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ",") + json_text(text);
  return "[" + out + "]";
}

std::string json_member(const char* name, uint64_t value) {
  return ",\"" + std::string(name) + "\":" + std::to_string(value);
}

}  // namespace

void Coverage::add(const qtap_connection* conn) {
  const std::string state = text_field(conn, "tls.state");
  if (state.empty()) return;
  const auto bytes = static_cast<uint64_t>(int_field(conn, "connection.sent_bytes") +
                                           int_field(conn, "connection.received_bytes"));
  // A TLS object whose socket is not known: the socket has an entry of its own.
  if (bytes == 0 && int_field(conn, "dst.port") == 0) return;
  Process process{int_field(conn, "src.process.pid"), text_field(conn, "src.process.path")};
  if (processes_.size() >= kMaxProcesses && !processes_.contains(process)) process = {0, "others"};
  Sum& sum = processes_[process][state];
  ++sum.connections;
  sum.bytes += bytes;
  if (const std::string level = text_field(conn, "connection.capture_level"); level == "full") {
    levels_.erase(process);
  } else {
    levels_[process] = level;
  }
}

std::string Coverage::text() const {
  std::string out;
  for (const std::string& line : attached) out += "attached: " + printable(line) + "\n";
  for (const std::string& line : warnings) out += "warning: " + printable(line) + "\n";
  for (const auto& [process, sums] : processes_) {
    const auto& [pid, exe] = process;
    out += "pid " + (pid != 0 ? std::to_string(pid) : "unknown") + " " +
           (exe.empty() ? "(unknown program)" : printable(exe));
    if (const auto level = levels_.find(process); level != levels_.end()) {
      out += ", over its budget: captured at level " + printable(level->second);
    }
    out += "\n";
    for (const auto& [state, sum] : sums) {
      const Explanation why = explain(state);
      out += "  " + printable(state) + ": " + counted(sum.connections, "connection") + ", " +
             counted(sum.bytes, "byte") + "; " + why.reason;
      if (*why.remedy != '\0') out += std::string("; remedy: ") + why.remedy;
      out += "\n";
    }
  }
  if (processes_.empty()) out += "no TLS connection was seen\n";
  if (lost_records(stats) + stats.connections_untracked > 0) {
    out += "incomplete: " + counted(lost_records(stats), "lost record") + ", " +
           counted(stats.connections_untracked, "untracked connection") + "\n";
  }
  return out + "TLS: " + tls_share(stats) + "\n";
}

std::string Coverage::json() const {
  std::string out = "{\"attached\":" + json_list(attached) + ",\"warnings\":" + json_list(warnings);
  out += ",\"processes\":[";
  const char* process_comma = "";
  for (const auto& [process, sums] : processes_) {
    out += process_comma;
    process_comma = ",";
    out += "{\"pid\":" + std::to_string(process.first) + ",\"exe\":" + json_text(process.second);
    const auto level = levels_.find(process);
    out += ",\"captureLevel\":" + json_text(level == levels_.end() ? "full" : level->second);
    out += ",\"states\":[";
    const char* comma = "";
    for (const auto& [state, sum] : sums) {
      const Explanation why = explain(state);
      out += comma;
      comma = ",";
      out += "{\"tlsState\":" + json_text(state) + json_member("connections", sum.connections) +
             json_member("bytes", sum.bytes) + ",\"reason\":" + json_text(why.reason) +
             ",\"remedy\":" + json_text(why.remedy) + "}";
    }
    out += "]}";
  }
  out += "]" + json_member("tlsBytesTotal", stats.tls_bytes_total) +
         json_member("tlsBytesDecrypted", stats.tls_bytes_decrypted) +
         json_member("lostRecords", lost_records(stats)) +
         json_member("connectionsUntracked", stats.connections_untracked);
  return out + "}\n";
}
