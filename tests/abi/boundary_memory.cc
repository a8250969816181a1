// SPDX-License-Identifier: Apache-2.0
// Out of memory: the N-th operator new of a whole session fails, for every N. Each call must then
// say QTAP_ERR_NOMEM (or get by without), nothing may crash, and what was made must still be freed.
// Run under ASan it also finds leaks.
#include <atomic>
#include <cstdlib>
#include <new>
#include <string_view>

#include "abi.h"

namespace {

constexpr long kNever = -1;
// More allocations than the whole run makes: the end of the loop, and a bound should it never end.
constexpr long kMost = 20'000;

std::atomic<long> left{kNever};  // allocations until one fails
std::atomic<bool> has_failed{false};

void* allocate(std::size_t size) noexcept {
  long now = left.load();
  while (now != kNever && !left.compare_exchange_weak(now, now - 1)) {
  }
  if (now == 0) {
    has_failed = true;
    return nullptr;
  }
  return std::malloc(size ? size : 1);
}

}  // namespace

void* operator new(std::size_t size) {
  if (void* p = allocate(size)) return p;
  throw std::bad_alloc();
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept {
  return allocate(size);
}
void operator delete(void* p) noexcept {
  std::free(p);
}
void operator delete(void* p, std::size_t) noexcept {
  std::free(p);
}

namespace {

struct Seen {
  const qtap_transaction* kept = nullptr;
  int transactions = 0;
  int whole = 0;  // of these: not truncated
  int fed = 0;
  int events = 0;
};

bool is_whole(const qtap_transaction* tx) {
  qtap_value value = {};
  return qtap_transaction_field(tx, "http.req.truncated_reason", &value) == QTAP_ERR_NOTFOUND &&
         qtap_transaction_field(tx, "http.res.truncated_reason", &value) == QTAP_ERR_NOTFOUND;
}

// Whatever failed before: what is not all there says so.
int on_transaction(const qtap_transaction* tx, void* user) {
  Seen& seen = *static_cast<Seen*>(user);
  ++seen.transactions;
  qtap_value value = {};
  const int status =
      qtap_transaction_field(tx, "http.req.headers.accept", &value);  // repeated: is joined
  if (status == QTAP_OK && is_whole(tx)) {
    CHECK(std::string_view(value.s.data, value.s.len) == "text/html, application/json");
    qtap_str body = {};
    CHECK_STATUS(QTAP_OK, qtap_transaction_body(tx, QTAP_RESPONSE, &body));
    CHECK(std::string_view(body.data, body.len) == "hi");
    ++seen.whole;
  } else if (status == QTAP_ERR_NOTFOUND) {
    CHECK(!is_whole(tx));
  } else if (status != QTAP_OK) {
    CHECK_STATUS(QTAP_ERR_NOMEM, status);
    CHECK(has_failed);
    if (is_whole(tx)) ++seen.whole;
  }
  if (!seen.kept) seen.kept = qtap_transaction_ref(tx);
  return 0;
}

int on_event(const qtap_event* event, void* user) {
  ++static_cast<Seen*>(user)->events;
  qtap_str json = {};
  CHECK_STATUS(QTAP_OK, qtap_event_json(event, &json));
  return 0;
}

int put_event(void*, const qtap_event*) {
  return 0;
}
int put_object(void*, const qtap_object*) {
  return 0;
}
// Bodies that the sink got something of, and those that ended.
int bodies_begun = 0;
int bodies_ended = 0;
int put_body(void*, const qtap_body_chunk* chunk) {
  if ((chunk->flags & QTAP_BODY_FIRST) != 0) ++bodies_begun;
  if ((chunk->flags & QTAP_BODY_LAST) != 0) ++bodies_ended;
  const bool is_piece = chunk->len == 2 && memcmp(chunk->bytes, "hi", 2) == 0;
  CHECK(is_piece || (chunk->flags & QTAP_BODY_LAST) != 0);
  return 0;
}
void close_sink(void* user) {
  ++*static_cast<int*>(user);
}

// OK, or out of memory if that was arranged, with a text that says so.
bool fine(int status, const char* text, const char* what) {
  if (status >= 0) return true;
  CHECK(has_failed);
  if (!CHECK_STATUS(QTAP_ERR_NOMEM, status)) fprintf(stderr, "  in %s: %s\n", what, text);
  if (text) CHECK(strcmp(text, "QT001: out of memory") == 0);
  return false;
}

constexpr char kYaml[] =
    "tap: { http: { stack: all } }\n"
    "stacks: { all: { plugins: [ { type: http_capture, config: { level: full } }, { type: "
    "report_usage } ] } }\n";
constexpr char kRequest[] =
    "GET /a HTTP/1.1\r\nHost: shop.example\r\nAccept: text/html\r\nAccept: "
    "application/json\r\n\r\n";

void feed(qtap_session* s, Seen& seen) {
  qtap_peer peer = {};
  peer.size = sizeof peer;
  peer.pid = 4711;
  peer.exe = {"/usr/bin/a-shop-with-a-long-name", 32};
  const auto text = [&] { return qtap_session_error(s); };
  for (int turn = 0; turn < 2; ++turn) {  // the session must go on after a failure
    uint64_t id = 0;
    if (!fine(qtap_feed_open(s, &peer, ABI_START, &id), text(), "open")) continue;
    for (int exchange = 0; exchange < 3; ++exchange) {  // and so must the connection
      ++seen.fed;
      fine(qtap_feed_data(s, id, QTAP_DIR_SENT, ABI_START, kRequest, sizeof kRequest - 1), text(),
           "request");
      fine(qtap_feed_data(s, id, QTAP_DIR_RECEIVED, ABI_START, abi_response,
                          sizeof abi_response - 1),
           text(), "response");
    }
    fine(qtap_feed_gap(s, id, QTAP_DIR_RECEIVED, 10), text(), "gap");
    fine(qtap_feed_close(s, id, ABI_START + ABI_MS), text(), "close");
  }
  fine(qtap_feed_tick(s, ABI_START + 100'000 * ABI_MS), text(), "tick");
}

void run_session(qtap_config* config, Seen& seen) {
  qtap_session* s = nullptr;
  if (!fine(qtap_session_new(&s, config), qtap_config_error(config), "new")) {
    CHECK(s == nullptr);
    return;
  }
  qtap_callbacks cb = {};
  cb.size = sizeof cb;
  cb.on_transaction = on_transaction;
  cb.on_event = on_event;
  qtap_sink_ops ops = {};
  ops.size = sizeof ops;
  ops.name = "a sink with a name that is not short";
  ops.put_event = put_event;
  ops.put_object = put_object;
  ops.put_body = put_body;
  ops.close = close_sink;
  int closes = 0;
  bodies_begun = bodies_ended = 0;
  const auto text = [&] { return qtap_session_error(s); };
  fine(qtap_session_set_callbacks(s, &cb, &seen), text(), "set_callbacks");
  const bool added = fine(qtap_session_add_sink(s, &ops, &closes), text(), "add_sink");
  bool started = false;
  for (int attempt = 0; attempt < 2 && !started; ++attempt) {
    started = fine(qtap_session_start(s), text(), "start");
  }
  CHECK(started);  // an error leaves it startable, and only one allocation fails
  feed(s, seen);
  fine(qtap_session_flush(s, 1000), text(), "flush");
  qtap_session_stop(s);
  for (int attempt = 0; attempt < 3 && !qtap_session_done(s); ++attempt) {
    fine(qtap_session_run(s), text(), "run");
  }
  CHECK(qtap_session_done(s) == 1);
  qtap_stats stats = {};
  stats.size = sizeof stats;
  CHECK_STATUS(QTAP_OK, qtap_session_stats(s, &stats));
  // It was counted, once: as a parser that was given up, or as a gap of what never came to one.
  const bool is_gap = stats.bytes_lost > stats.bytes_lost_host;
  if (seen.whole < seen.fed) CHECK(is_gap ? stats.limit_hits == 0 : stats.limit_hits == 1);
  qtap_session_free(s);
  CHECK(closes == (added ? 1 : 0));
  // Of one that could not even be queued the end may be missing.
  CHECK(bodies_begun - bodies_ended <= (has_failed ? 1 : 0) && bodies_ended <= bodies_begun);
  if (!has_failed) CHECK(bodies_ended == seen.fed);
}

// Everything once; true when no allocation failed.
bool run(long n, const char* threads) {
  has_failed = false;
  left = n;
  Seen seen;
  qtap_config* config = nullptr;
  if (fine(qtap_config_new(&config), nullptr, "config_new")) {
    const auto text = [&] { return qtap_config_error(config); };
    bool configured = fine(qtap_config_set(config, "capture.source", "feed"), text(), "set");
    configured &= fine(qtap_config_set(config, "worker.threads", threads), text(), "set");
    configured &= fine(qtap_config_parse(config, kYaml, sizeof kYaml - 1), text(), "parse");
    if (configured) run_session(config, seen);
    qtap_config_free(config);
  }
  left = kNever;
  const bool all_well = !has_failed;
  if (all_well) CHECK(seen.fed == 6 && seen.whole == seen.fed && seen.events > 2);
  CHECK(seen.whole >= seen.fed - 1);  // what failed costs no other exchange
  qtap_value value = {};
  if (seen.kept)
    CHECK_STATUS(QTAP_OK, qtap_transaction_field(seen.kept, "http.req.method", &value));
  qtap_transaction_unref(seen.kept);
  return all_well;
}

void rules(long n) {
  has_failed = false;
  left = n;
  qtap_rule* rule = nullptr;
  constexpr char kRule[] =
      "http.req.method in [\"GET\", \"POST\"] and http.req.path =~ /^\\/api\\/[a-z]+$/";
  const auto absent = [](void*, qtap_str, qtap_value*) {
    return static_cast<int>(QTAP_ERR_NOTFOUND);
  };
  if (fine(qtap_rule_compile(kRule, sizeof kRule - 1, &rule, nullptr), nullptr, "compile")) {
    int match = 0;
    fine(qtap_rule_eval(rule, absent, nullptr, &match), nullptr, "eval");
  }
  qtap_rule_free(rule);
  left = kNever;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) {  // one N alone, for a debugger
    run(std::atol(argv[1]), argc > 2 ? argv[2] : "0");
    return failed_checks != 0;
  }
  CHECK(run(kNever, "0"));
  CHECK(run(kNever, "1"));
  long n = 0;
  while (n < kMost && !run(n, "0") && failed_checks == 0) ++n;
  printf("%ld allocations failed, one at a time\n", n);
  CHECK(n > 100 && n < kMost);
  // With workers the N-th allocation is not always the same one, and some of them are the workers'.
  for (long i = 0; i < n && failed_checks == 0; i += 3) run(i, "1");
  for (long i = 0; i < 300; ++i) rules(i);
  return failed_checks != 0;
}
