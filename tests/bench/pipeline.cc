// SPDX-License-Identifier: Apache-2.0
// How fast the pipeline is behind the C ABI: bytes fed by hand, a recording replayed, single calls.
// Usage: pipeline FOLDER [NAME [COUNT]]. FOLDER takes a recording for the time of the run; with
// NAME, only what begins so is measured, COUNT is how many transactions of the small ones (few,
// under valgrind). Prints one JSON array; tests/bench/run.py adds machine and commit.
#include <qtap/qtap.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http_talk.h"

namespace {

using namespace qtap::bench;

constexpr uint64_t kStart = 1'772'359'200'000'000'000;  // any fixed time

void must(int status, const char* what, const char* text) {
  if (status >= 0) return;
  fprintf(stderr, "pipeline: %s: %s\n", what, text);
  exit(1);
}

int count_transaction(const qtap_transaction*, void* user) {
  ++*static_cast<uint64_t*>(user);
  return 0;
}

using Settings = std::vector<std::pair<const char*, std::string>>;

struct Bench {
  uint64_t transactions = 0;
  qtap_session* session = nullptr;

  Bench(std::string_view yaml, const Settings& settings) {
    qtap_config* config = nullptr;
    if (qtap_config_new(&config) < 0) exit(1);
    must(qtap_config_parse(config, yaml.data(), yaml.size()), "configuration",
         qtap_config_error(config));
    for (const auto& [key, value] : settings) {
      must(qtap_config_set(config, key, value.c_str()), key, qtap_config_error(config));
    }
    must(qtap_session_new(&session, config), "session", qtap_config_error(config));
    qtap_config_free(config);
    qtap_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    callbacks.on_transaction = count_transaction;
    check(qtap_session_set_callbacks(session, &callbacks, &transactions));
    check(qtap_session_start(session));
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;
  ~Bench() { qtap_session_free(session); }

  void check(int status) { must(status, "session", qtap_session_error(session)); }

  uint64_t open() {
    qtap_peer peer = {};
    peer.size = sizeof peer;
    peer.pid = 1;
    peer.role = QTAP_ROLE_CONNECTED;
    uint64_t id = 0;
    check(qtap_feed_open(session, &peer, kStart, &id));
    return id;
  }

  void data(uint64_t id, int direction, uint64_t time, std::string_view bytes) {
    check(qtap_feed_data(session, id, direction, time, bytes.data(), bytes.size()));
  }
};

// Callbacks only; with an event for each request; and with everything that an agent does but write:
// the differences are the cost of the plugins.
constexpr std::string_view kCallbacks = "worker: { threads: 0 }\ncapture: { source: feed }\n";
constexpr std::string_view kSummary =
    "services: { event_stores: [], object_stores: [] }\n"
    "stacks: { main: { plugins: [{ type: report_usage }] } }\n"
    "tap: { http: { stack: main } }\n"
    "worker: { threads: 0 }\n"
    "capture: { source: feed }\n";
constexpr std::string_view kFull =
    "services: { event_stores: [], object_stores: [] }\n"
    "stacks:\n"
    "  main:\n"
    "    plugins:\n"
    "      - type: http_capture\n"
    "        config: { level: full }\n"
    "      - type: report_usage\n"
    "tap: { http: { stack: main } }\n"
    "worker: { threads: 0 }\n"
    "capture: { source: feed }\n";

void feed_small(Bench& bench, uint64_t count) {
  constexpr uint64_t kPerConnection = 100;
  uint64_t id = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t time = kStart + i * 1000;
    if (i % kPerConnection == 0) id = bench.open();
    bench.data(id, QTAP_DIR_SENT, time, kRequest);
    bench.data(id, QTAP_DIR_RECEIVED, time + 500, kResponse);
    if (i % kPerConnection == kPerConnection - 1)
      bench.check(qtap_feed_close(bench.session, id, time + 600));
  }
}

// Answers of 1 MiB in pieces of 16 KiB, the size of a TLS record (RFC 8446 section 5.1).
void feed_large(Bench& bench, uint64_t count) {
  constexpr size_t kPieces = 64;
  static const std::string piece(16384, 'x');
  static const std::string head =
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(kPieces * piece.size()) + "\r\n\r\n";
  const uint64_t id = bench.open();
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t time = kStart + i * 1000;
    bench.data(id, QTAP_DIR_SENT, time, kRequest);
    bench.data(id, QTAP_DIR_RECEIVED, time + 1, head);
    for (size_t n = 0; n < kPieces; ++n) bench.data(id, QTAP_DIR_RECEIVED, time + 2 + n, piece);
  }
  bench.check(qtap_feed_close(bench.session, id, kStart + count * 1000));
}

// ---- HTTP/2

void feed_http2(Bench& bench, uint64_t count) {
  static const std::string settings = h2_frame(4, 0, 0, {});
  uint64_t id = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t time = kStart + i * 1000;
    const size_t n = i % kExchanges;
    if (n == 0) {
      id = bench.open();
      bench.data(id, QTAP_DIR_SENT, time, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings);
      bench.data(id, QTAP_DIR_RECEIVED, time, settings);
    }
    bench.data(id, QTAP_DIR_SENT, time, h2_client().messages[n]);
    bench.data(id, QTAP_DIR_RECEIVED, time + 500, h2_server().messages[n]);
    if (n == kExchanges - 1) bench.check(qtap_feed_close(bench.session, id, time + 600));
  }
}

struct Rate {
  double per_second = 0;
  double bytes_per_second = 0;
};

// Does `work` in fresh sessions; the median.
template <typename Work>
Rate measure(std::string_view yaml, const Settings& settings, uint64_t count, Work work) {
  std::vector<Rate> rates;
  for (int run = 0; run < kRuns; ++run) {
    Bench bench(yaml, settings);
    const int64_t begin = now_ns();
    work(bench, count);
    const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
    if (bench.transactions != count) {
      fprintf(stderr, "pipeline: expected %llu transactions, got %llu\n",
              static_cast<unsigned long long>(count),
              static_cast<unsigned long long>(bench.transactions));
      exit(1);
    }
    qtap_stats stats = {};
    stats.size = sizeof stats;
    bench.check(qtap_session_stats(bench.session, &stats));
    rates.push_back(
        {static_cast<double>(count) / seconds, static_cast<double>(stats.bytes_seen) / seconds});
  }
  std::sort(rates.begin(), rates.end(),
            [](const Rate& a, const Rate& b) { return a.per_second < b.per_second; });
  return rates[kRuns / 2];
}

Rate measure_replay(const std::string& file, uint64_t count) {
  return measure(kFull, {{"capture.source", "replay"}, {"capture.replay_file", file}}, count,
                 [](Bench& bench, uint64_t) { bench.check(qtap_session_run(bench.session)); });
}

// Nanoseconds per call, the median.
template <typename Call>
double measure_call(Call call) {
  constexpr int kCalls = 200'000;
  std::vector<double> costs;
  for (int run = 0; run < kRuns; ++run) {
    const int64_t begin = now_ns();
    for (int i = 0; i < kCalls; ++i) call();
    costs.push_back(static_cast<double>(now_ns() - begin) / kCalls);
  }
  std::sort(costs.begin(), costs.end());
  return costs[kRuns / 2];
}

bool g_first = true;

void tell(const char* name, double value, const char* unit) {
  printf("%s\n  {\"name\": \"%s\", \"value\": %.1f, \"unit\": \"%s\"}", g_first ? "" : ",", name,
         value, unit);
  g_first = false;
}

void tell_rate(const std::string& name, const Rate& rate) {
  tell((name + ".transactions").c_str(), rate.per_second, "1/s");
  tell((name + ".bytes").c_str(), rate.bytes_per_second / 1e6, "MB/s");
}

int keep(const qtap_transaction* tx, void* user) {
  *static_cast<const qtap_transaction**>(user) = qtap_transaction_ref(tx);
  return 0;
}

// The cost of crossing the border: the cheapest call, a getter, counters, an idle poll.
void tell_calls() {
  const qtap_transaction* tx = nullptr;
  {
    Bench bench(kCallbacks, {});
    tell("call.stats", measure_call([&] {
           qtap_stats stats = {};
           stats.size = sizeof stats;
           qtap_session_stats(bench.session, &stats);
         }),
         "ns");
    tell("call.poll_idle", measure_call([&] { qtap_session_poll(bench.session, 0); }), "ns");
    uint64_t time = kStart;
    tell("call.feed_tick", measure_call([&] { qtap_feed_tick(bench.session, ++time); }), "ns");
  }
  {
    qtap_config* config = nullptr;
    qtap_session* session = nullptr;
    if (qtap_config_new(&config) < 0) exit(1);
    must(qtap_config_parse(config, kCallbacks.data(), kCallbacks.size()), "configuration",
         qtap_config_error(config));
    must(qtap_session_new(&session, config), "session", qtap_config_error(config));
    qtap_config_free(config);
    qtap_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    callbacks.on_transaction = keep;
    must(qtap_session_set_callbacks(session, &callbacks, &tx), "callbacks",
         qtap_session_error(session));
    must(qtap_session_start(session), "start", qtap_session_error(session));
    qtap_peer peer = {};
    peer.size = sizeof peer;
    uint64_t id = 0;
    must(qtap_feed_open(session, &peer, kStart, &id), "open", qtap_session_error(session));
    must(qtap_feed_data(session, id, QTAP_DIR_SENT, kStart, kRequest.data(), kRequest.size()),
         "data", "");
    must(qtap_feed_data(session, id, QTAP_DIR_RECEIVED, kStart, kResponse.data(), kResponse.size()),
         "data", "");
    qtap_session_free(session);
  }
  if (!tx) must(-1, "feed", "no transaction came");
  qtap_value value = {};
  tell("call.transaction_field",
       measure_call([&] { qtap_transaction_field(tx, "http.res.status", &value); }), "ns");
  qtap_str body = {};
  tell("call.transaction_body",
       measure_call([&] { qtap_transaction_body(tx, QTAP_RESPONSE, &body); }), "ns");
  tell("call.ref_unref", measure_call([&] { qtap_transaction_unref(qtap_transaction_ref(tx)); }),
       "ns");
  tell("call.version", measure_call([] { (void)qtap_version(); }), "ns");
  qtap_transaction_unref(tx);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2 || argc > 4) {
    fprintf(stderr, "usage: pipeline FOLDER [NAME [COUNT]]\n");
    return 2;
  }
  const std::string_view wanted = argc >= 3 ? argv[2] : "";
  const auto is_wanted = [&](std::string_view name) { return name.starts_with(wanted); };
  const std::string file = std::string(argv[1]) + "/bench.qrec";
  const uint64_t small = argc == 4 ? std::max(strtoull(argv[3], nullptr, 10), 1ULL) : 50'000;
  constexpr uint64_t kLarge = 200;
  const auto feed = [&](const char* name, std::string_view yaml, uint64_t count, auto work) {
    if (is_wanted(name)) tell_rate(name, measure(yaml, {}, count, work));
  };
  const auto replay = [&](const char* name, uint64_t count, auto work) {
    if (!is_wanted(name)) return;
    {
      Bench recorder(kCallbacks, {{"capture.record_file", file}});
      work(recorder, count);
    }
    tell_rate(name, measure_replay(file, count));
    unlink(file.c_str());
  };

  printf("[");
  feed("feed.small.callbacks", kCallbacks, small, feed_small);
  feed("feed.small.summary", kSummary, small, feed_small);
  feed("feed.small.full", kFull, small, feed_small);
  feed("feed.http2.callbacks", kCallbacks, small, feed_http2);
  feed("feed.http2.full", kFull, small, feed_http2);
  if (is_wanted("bare.http2.inflate")) {
    tell("bare.http2.inflate.transactions", measure_inflate(small), "1/s");
  }
  feed("feed.large.callbacks", kCallbacks, kLarge, feed_large);
  feed("feed.large.full", kFull, kLarge, feed_large);
  replay("replay.small.full", small, feed_small);
  replay("replay.large.full", kLarge, feed_large);
  if (is_wanted("call")) tell_calls();
  printf("\n]\n");
  return 0;
}
