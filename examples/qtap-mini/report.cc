// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <cinttypes>
#include <cstdio>
#include <string>
#include <string_view>

std::string printable(std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  unsigned char before = 0;
  for (const char raw : text) {
    const auto c = static_cast<unsigned char>(raw);
    const bool is_c1 = c >= 0x80 && c < 0xa0 && (before < 0x80 || before == 0xc2);
    if (c < 0x20 || c == 0x7f || is_c1) {
      if (is_c1 && before == 0xc2) out.pop_back();
      out += "\\x";
      out += kHex[c >> 4];
      out += kHex[c & 15];
    } else {
      out += raw;
    }
    // A continuation byte is one only after what may begin a character.
    before = is_c1 ? 0 : c;
  }
  return out;
}

namespace {

// One write per line, so that lines of several threads do not mix.
void say(const std::string& prefix, std::string_view text) {
  std::string out;
  for (;;) {
    const size_t end = text.find('\n');
    out += prefix;
    out += printable(text.substr(0, end));
    out += '\n';
    if (end == std::string_view::npos || end + 1 >= text.size()) break;
    text.remove_prefix(end + 1);
  }
  fwrite(out.data(), 1, out.size(), stderr);
}

void put(std::string& line, const char* name, uint64_t value) {
  line += ' ';
  line += name;
  line += ' ';
  line += std::to_string(value);
  line += ',';
}

void say_counters(const char* head, std::string line) {
  if (!line.empty()) line.pop_back();
  say(head, line);
}

}  // namespace

void say_line(const std::string& text) {
  say("", text);
}

void say_error(const char* text) {
  say("qtap-mini: error: ", text);
}

void say_warning(const char* text) {
  say("warning: ", text);
}

void log_line(int level, const char* message, void* user) {
  constexpr const char* kNames[] = {"error", "warn", "info", "debug"};
  if (level < 0 || level > QTAP_LOG_DEBUG || level > *static_cast<const int*>(user)) return;
  say(std::string("qtap-mini: ") + kNames[level] + ": ", message);
}

void say_ready(qtap_session* session) {
  std::string line;
  for (size_t i = 0; const char* what = qtap_session_attached_at(session, i); ++i) {
    line += line.empty() ? "" : "; ";
    line += what;
  }
  say("ready: ", line.empty() ? "nothing to attach" : line);
}

std::string tls_share(const qtap_stats& stats) {
  std::string text = "decrypted " + std::to_string(stats.tls_bytes_decrypted) + " of " +
                     std::to_string(stats.tls_bytes_total) + " bytes";
  if (stats.tls_bytes_total == 0) return text;
  // Rounded down: 100 means all of them.
  const auto share = 100 * static_cast<long double>(stats.tls_bytes_decrypted) /
                     static_cast<long double>(stats.tls_bytes_total);
  return text + " (" + std::to_string(static_cast<int>(share)) + " %)";
}

void say_ledger(qtap_session* session) {
  qtap_stats stats = {};
  stats.size = sizeof stats;
  if (qtap_session_stats(session, &stats) < 0) return;

  std::string line;
  put(line, "transactions", stats.transactions);
  put(line, "truncated", stats.transactions_truncated);
  put(line, "connections", stats.connections_total);
  put(line, "untracked", stats.connections_untracked);
  put(line, "events", stats.events);
  put(line, "objects", stats.objects);
  say_counters("captured:", line);

  line.clear();
  put(line, "seen", stats.bytes_seen);
  put(line, "delivered", stats.bytes_delivered);
  put(line, "lost", stats.bytes_lost);
  put(line, "not read", stats.bytes_filtered);
  say_counters("bytes:", line);

  line.clear();
  put(line, "a full ring", stats.bytes_lost_ring_full);
  put(line, "faults", stats.bytes_lost_fault);
  put(line, "the call limit", stats.bytes_lost_call_limit);
  put(line, "no buffer", stats.bytes_lost_no_buffer);
  put(line, "the budget", stats.bytes_lost_budget);
  put(line, "other causes", stats.bytes_lost_host + stats.bytes_lost_other);
  say_counters("bytes lost to:", line);
  say("TLS: ", tls_share(stats));

  line.clear();
  put(line, "ring full", stats.lost_ring_full);
  put(line, "fault", stats.lost_fault);
  put(line, "map full", stats.lost_map_full);
  put(line, "other", stats.lost_other);
  put(line, "corrupt", stats.records_corrupt);
  put(line, "gaps", stats.gaps);
  put(line, "parse errors", stats.parse_errors);
  put(line, "limits hit", stats.limit_hits);
  put(line, "budget steps", stats.budget_steps);
  put(line, "plugin errors", stats.plugin_errors);
  put(line, "rule errors", stats.rule_errors);
  say_counters("lost records:", line);

  line.clear();
  put(line, "sent", stats.sink_sent);
  put(line, "dropped", stats.sink_dropped);
  put(line, "retries", stats.sink_retries);
  put(line, "in spools", stats.sink_spooled);
  put(line, "not recorded", stats.record_file_errors);
  say_counters("sinks:", line);
}
