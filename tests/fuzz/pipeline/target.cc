// SPDX-License-Identifier: Apache-2.0
// The whole pipeline behind the C ABI, fed by a script. Oracle: where a piece of a stream is cut
// must not matter, so a run with whole pieces, one with random cuts and one byte by byte give the
// same events and objects. And the ledger adds up in each.
#include <qtap/qtap.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "script.h"

namespace {

using fuzz::Step;

constexpr uint64_t kStart = 1'772'359'200'000'000'000;  // 2026-03-01 10:00 UTC; any fixed time
constexpr uint64_t kMs = 1'000'000;

constexpr std::string_view kYaml =
    "services: { event_stores: [], object_stores: [] }\n"
    "stacks:\n"
    "  main:\n"
    "    plugins:\n"
    "      - type: http_capture\n"
    "        config: { level: full }\n"
    "      - type: report_usage\n"
    "tap: { http: { stack: main } }\n"
    "capture: { source: feed, body_buffer: 64 }\n"
    "limits: { header_bytes: 1kb, streams_per_connection: 8, connections: 3 }\n"
    "worker: { threads: 0 }\n"
    "ids: { seed: 1 }\n";

[[noreturn]] void fail(const char* what, std::string_view detail) {
  fprintf(stderr, "pipeline: %s: %.*s\n", what, static_cast<int>(detail.size()), detail.data());
  abort();
}

void must(int status, qtap_session* session, const char* what) {
  if (status < 0) fail(what, qtap_session_error(session));
}

enum class Cuts { kNone, kRandom, kBytes };

// xorshift64: the cuts need to vary, not to be good random numbers.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed | 1) {}
  uint64_t below(uint64_t n) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return state_ % n;
  }

 private:
  uint64_t state_;
};

// The connection's byte counters are those of the moment: bytes that came in the same piece behind
// the message are in them, and so in the digest of the object. Everything else is the same for any
// split.
std::string without_counters(std::string json) {
  for (const std::string_view name : {"\"bytes_sent\":", "\"bytes_received\":", "\"digest\":"}) {
    const size_t at = json.find(name);
    if (at != std::string::npos) json.erase(at, json.find_first_of(",}", at) - at);
  }
  return json;
}

int keep_event(const qtap_event* event, void* user) {
  qtap_str json = {};
  if (qtap_event_json(event, &json) < 0) abort();
  static_cast<std::vector<std::string>*>(user)->push_back(
      without_counters(std::string(json.data, json.len)));
  return 0;
}

int keep_object(const qtap_object* object, void* user) {
  qtap_str data = {};
  if (qtap_object_data(object, &data) < 0) abort();
  static_cast<std::vector<std::string>*>(user)->push_back(
      without_counters(std::string(data.data, data.len)));
  return 0;
}

qtap_session* make_session(std::vector<std::string>& output) {
  qtap_config* config = nullptr;
  qtap_session* session = nullptr;
  if (qtap_config_new(&config) < 0) abort();
  if (qtap_config_parse(config, kYaml.data(), kYaml.size()) < 0 ||
      qtap_session_new(&session, config) < 0) {
    fail("configuration", qtap_config_error(config));
  }
  qtap_config_free(config);
  qtap_callbacks callbacks = {};
  callbacks.size = sizeof callbacks;
  callbacks.on_event = keep_event;
  callbacks.on_object = keep_object;
  must(qtap_session_set_callbacks(session, &callbacks, &output), session, "callbacks");
  must(qtap_session_start(session), session, "start");
  return session;
}

class Run {
 public:
  Run(Cuts cuts, uint64_t seed) : cuts_(cuts), random_(seed), session_(make_session(output_)) {}
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;
  ~Run() { qtap_session_free(session_); }

  std::vector<std::string> play(const std::vector<Step>& steps) {
    for (const Step& step : steps) {
      time_ += kMs;
      take(step);
    }
    for (Slot& slot : slots_) close(slot);
    qtap_session_stop(session_);
    while (qtap_session_done(session_) == 0) must(qtap_session_poll(session_, 0), session_, "poll");
    check_ledger();
    return output_;
  }

 private:
  struct Slot {
    bool open = false;
    uint64_t id = 0;
  };

  void take(const Step& step) {
    Slot& slot = slots_[step.connection];
    switch (step.kind) {
      case Step::Kind::kOpen:
        open(step, slot);
        break;
      case Step::Kind::kData:
        data(step, slot);
        break;
      case Step::Kind::kGap:
        if (slot.open && step.amount != 0)  // a gap of nothing is refused
          must(qtap_feed_gap(session_, slot.id, step.direction, step.amount), session_, "gap");
        break;
      case Step::Kind::kClose:
        close(slot);
        break;
      case Step::Kind::kTick:
        time_ += step.amount * kMs;
        must(qtap_feed_tick(session_, time_), session_, "tick");
        break;
    }
  }

  void open(const Step& step, Slot& slot) {
    if (slot.open) return;
    qtap_peer peer = {};
    peer.size = sizeof peer;
    peer.pid = 1000 + static_cast<uint32_t>(step.connection);
    peer.role = step.direction == 0 ? QTAP_ROLE_CONNECTED : QTAP_ROLE_ACCEPTED;
    peer.family = step.connection == 0 ? 0 : AF_INET;
    peer.local_port = static_cast<uint16_t>(40000 + step.connection);
    peer.remote_port = 80;
    const int status = qtap_feed_open(session_, &peer, time_, &slot.id);
    if (status == QTAP_ERR_LIMIT) return;  // limits.connections
    must(status, session_, "open");
    slot.open = true;
  }

  void data(const Step& step, const Slot& slot) {
    std::string_view left = step.bytes;
    while (slot.open && !left.empty()) {
      size_t n = left.size();
      if (cuts_ == Cuts::kBytes) n = 1;
      if (cuts_ == Cuts::kRandom) n = 1 + random_.below(left.size());
      must(qtap_feed_data(session_, slot.id, step.direction, time_, left.data(), n), session_,
           "data");
      left.remove_prefix(n);
    }
  }

  void close(Slot& slot) {
    if (slot.open) must(qtap_feed_close(session_, slot.id, time_), session_, "close");
    slot.open = false;
  }

  void check_ledger() {
    qtap_stats stats = {};
    stats.size = sizeof stats;
    must(qtap_session_stats(session_, &stats), session_, "stats");
    if (stats.bytes_seen != stats.bytes_delivered + stats.bytes_lost) {
      fail("the ledger does not add up", std::to_string(stats.bytes_seen) + " bytes seen, " +
                                             std::to_string(stats.bytes_delivered) +
                                             " delivered, " + std::to_string(stats.bytes_lost) +
                                             " lost");
    }
  }

  Cuts cuts_;
  Random random_;
  std::vector<std::string> output_;
  qtap_session* session_;
  std::array<Slot, fuzz::kConnections> slots_;
  uint64_t time_ = kStart;
};

void compare(const std::vector<std::string>& whole, const std::vector<std::string>& cut,
             const char* how) {
  for (size_t i = 0; i < std::max(whole.size(), cut.size()); ++i) {
    const std::string_view left = i < whole.size() ? std::string_view(whole[i]) : "(nothing)";
    const std::string_view right = i < cut.size() ? std::string_view(cut[i]) : "(nothing)";
    if (left == right) continue;
    fprintf(stderr, "whole: %.*s\n", static_cast<int>(left.size()), left.data());
    fail(how, right);
  }
}

uint64_t hash(const uint8_t* data, size_t size) {  // FNV-1a, 64 bit
  uint64_t h = 0xcbf29ce484222325;
  for (size_t i = 0; i < size; ++i) h = (h ^ data[i]) * 0x100000001b3;
  return h;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kMaxInput = 4096;  // longer scripts show nothing that several short ones do not
  if (size > kMaxInput) return 0;
  const std::vector<Step> steps = fuzz::read_script({data, size});
  const uint64_t seed = hash(data, size);

  const std::vector<std::string> whole = Run(Cuts::kNone, seed).play(steps);
  compare(whole, Run(Cuts::kNone, seed).play(steps), "again");
  compare(whole, Run(Cuts::kRandom, seed).play(steps), "cut at random");
  compare(whole, Run(Cuts::kBytes, seed).play(steps), "byte by byte");
  return 0;
}
