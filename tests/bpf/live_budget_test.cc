// SPDX-License-Identifier: Apache-2.0
// A program that costs more than its budget: it is captured less, nothing of it is lost in silence,
// and all of it comes back.
#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <qtap/qtap.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "base/id_maker.h"
#include "capture.h"
#include "conn/table.h"
#include "context/process_table.h"

namespace qtap::test {
namespace {

// A source and the connections that it tells of.
class Pipeline : public source::RecordSink, public conn::ConnEvents, public conn::ProcessLookup {
 public:
  explicit Pipeline(const probe::LiveOptions& options) {
    auto created = probe::LiveSource::create(options);
    REQUIRE_MESSAGE(created.ok(), (created.ok() ? "" : created.error().text));
    source_ = *std::move(created);
    const Status started = source_->start();
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error().text));
    table_ = std::make_unique<conn::Table>(conn::ConnOptions(), ids_,
                                           source_->origin().boot_to_unix_ns, *this, *this);
  }

  bool poll_until(const std::function<bool()>& done) {
    return wait_until([&] {
      pollfd wait = {source_->fd(), POLLIN, 0};
      ::poll(&wait, 1, 50);
      const auto result = source_->poll(*this, 4096);
      REQUIRE_MESSAGE(result.ok(), (result.ok() ? "" : result.error().text));
      return done();
    });
  }
  // The answer of a child to a line, while records are taken.
  std::string ask(Child& child, const std::string& line, int seconds) {
    child.write_line(line);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(seconds);
    poll_until([&] { return std::chrono::steady_clock::now() >= end; });
    return child.read_line();
  }
  void finish() {
    source_->stop();
    while (true) {
      const auto result = source_->poll(*this, 4096);
      REQUIRE(result.ok());
      if (*result == 0) break;
    }
    table_->close_all();
  }

  // As a budget does, which the test has none of.
  void set_level(pid_t pid, CaptureLevel level) {
    source_->expect_skips();
    Record record;
    record.type = RecordType::kLevel;
    record.time_ns = last_ns_;
    record.pid = static_cast<uint32_t>(pid);
    record.level = level;
    table_->on_record(record);
  }
  const Connection* connection_of(pid_t pid) const {
    for (const auto& [id, conn] : all) {
      if (conn->process.pid == static_cast<uint32_t>(pid)) return conn.get();
    }
    FAIL("no connection");
    return nullptr;
  }

  CaptureLevel level(pid_t pid) const {
    const auto it = levels_.find(static_cast<uint32_t>(pid));
    return it == levels_.end() ? CaptureLevel::kFull : it->second;
  }
  std::vector<Record> steps;
  std::vector<Ref<Transaction>> transactions;
  std::map<uint32_t, uint64_t> data_bytes;     // by pid, of TLS
  std::map<std::string, Ref<Connection>> all;  // by id
  const conn::ConnCounters& counters() const { return table_->counters(); }

  bool on_record(const Record& record) override {
    last_ns_ = std::max(last_ns_, record.time_ns);
    if (record.type == RecordType::kLevel) {
      levels_[record.pid] = record.level;
      steps.push_back(record);
    }
    if (record.type == RecordType::kData && record.stream_kind == StreamKind::kOpenssl) {
      data_bytes[record.pid] += record.bytes.size();
    }
    if (record.type == RecordType::kExec || record.type == RecordType::kProcessInfo) {
      processes_.on_record(record);
    }
    table_->on_record(record);
    return true;
  }

 private:
  bool on_connection(const Ref<Connection>& conn, Phase) override {
    all[conn->id] = conn;
    return true;
  }
  void on_data(const Ref<Connection>&, Direction, int64_t, uint64_t, uint64_t,
               std::span<const uint8_t>) override {}
  void on_transaction(Ref<Transaction> tx) override { transactions.push_back(std::move(tx)); }
  void on_unwanted(uint64_t stream_id, Direction direction, uint64_t until,
                   SkipCause cause) override {
    source_->skip(stream_id, direction, until, cause);
  }
  void on_report(const Ref<Connection>& conn, bool) override { all[conn->id] = conn; }
  const Process* find_process(uint32_t pid) const override { return processes_.find(pid); }

  std::unique_ptr<source::Source> source_;
  IdMaker ids_{1};
  context::ProcessTable processes_;
  std::unique_ptr<conn::Table> table_;
  std::map<uint32_t, CaptureLevel> levels_;
  uint64_t last_ns_ = 0;
};

// What a session tells its host.
struct Told {
  explicit Told(const std::map<std::string, std::string>& options) {
    qtap_config* config = nullptr;
    REQUIRE(qtap_config_new(&config) == QTAP_OK);
    qtap_config_set_logger(
        config,
        [](int, const char* line, void* user) { static_cast<Told*>(user)->log.emplace_back(line); },
        this);
    const std::string yaml =
        "version: 2\nservices: {event_stores: [], object_stores: []}\n"
        "tap: {http: {stack: s}}\n"
        "stacks: {s: {plugins: [{type: http_capture, config: {level: full}}]}}\n";
    REQUIRE(qtap_config_parse(config, yaml.data(), yaml.size()) >= 0);
    for (const auto& [key, value] : options) {
      REQUIRE_MESSAGE(qtap_config_set(config, key.c_str(), value.c_str()) >= 0,
                      std::string(qtap_config_error(config)));
    }
    REQUIRE(qtap_session_new(&session, config) == QTAP_OK);
    qtap_config_free(config);
    qtap_callbacks callbacks = {};
    callbacks.size = sizeof callbacks;
    callbacks.on_event = [](const qtap_event* event, void* user) {
      qtap_str json = {};
      qtap_event_json(event, &json);
      static_cast<Told*>(user)->lines.emplace_back(json.data, json.len);
      return 0;
    };
    callbacks.on_object = [](const qtap_object* object, void* user) {
      qtap_str json = {};
      qtap_object_data(object, &json);
      static_cast<Told*>(user)->lines.emplace_back(json.data, json.len);
      return 0;
    };
    REQUIRE(qtap_session_set_callbacks(session, &callbacks, this) == QTAP_OK);
    REQUIRE(qtap_session_start(session) >= 0);
  }
  ~Told() { qtap_session_free(session); }
  Told(const Told&) = delete;
  Told& operator=(const Told&) = delete;

  void poll(std::chrono::seconds how_long, bool stop) {
    const auto end = std::chrono::steady_clock::now() + how_long;
    while (qtap_session_done(session) == 0 && std::chrono::steady_clock::now() < end) {
      REQUIRE(qtap_session_poll(session, 100) >= 0);
    }
    if (stop) {
      qtap_session_stop(session);
      REQUIRE(qtap_session_run(session) >= 0);
    }
    stats.size = sizeof stats;
    REQUIRE(qtap_session_stats(session, &stats) >= 0);
  }

  qtap_session* session = nullptr;
  qtap_stats stats = {};
  std::vector<std::string> log;
  std::vector<std::string> lines;
};

struct Moved {
  uint64_t sent = 0;
  uint64_t received = 0;
  uint64_t requests = 0;
};

Moved moved(const std::string& line) {
  Moved m;
  std::string word;
  std::istringstream words(line);
  words >> word >> m.sent >> m.received >> m.requests;
  REQUIRE(word == "moved");
  return m;
}

}  // namespace

TEST_SUITE("bpf/live_budget") {
  TEST_CASE(
      "over its budget a program is only counted, exactly, and is whole again when it rests") {
    auto live = live_options();
    live.budget.process = 1'000'000;  // 0.1 %
    SUBCASE("as the kernel can") {}
    SUBCASE("as older kernels can") {
      live.without_uprobe_multi = live.without_bpf_loop = true;
    }
    Child server(python("server", {certificate()[0], certificate()[1], "nodelay"}));
    const std::string port = server.read_line();
    Child client(python("bulk", {port}));
    REQUIRE(client.read_line() == "connected");
    client.write_line("run 2 262144");
    const Moved before = moved(client.read_line());

    Pipeline pipeline(live);
    const Moved busy = moved(pipeline.ask(client, "run 3 262144", 3));
    CHECK(pipeline.level(client.pid()) == CaptureLevel::kCount);
    REQUIRE(!pipeline.steps.empty());
    for (const Record& step : pipeline.steps) {
      CHECK(step.spent > step.budget);
      CHECK(step.budget == live.budget.process);
    }
    const uint64_t copied = pipeline.data_bytes[static_cast<uint32_t>(client.pid())];
    const Moved counted = moved(pipeline.ask(client, "run 2 262144", 2));
    // What that saves is measured by tests/bench/budget.py.
    CHECK(pipeline.data_bytes[static_cast<uint32_t>(client.pid())] == copied);
    CHECK(counted.sent > busy.sent);

    // It rests: one step after the other. A machine under load may make even one request cost more
    // than so small a budget.
    const auto last_of_client = [&]() -> const Transaction* {
      const Transaction* last = nullptr;
      for (const auto& tx : pipeline.transactions) {
        if (tx->connection->process.pid == static_cast<uint32_t>(client.pid())) last = tx.get();
      }
      return last;
    };
    Moved all;
    const Transaction* last = nullptr;
    for (int attempt = 0; attempt < 5 && (last == nullptr || last->truncated()); ++attempt) {
      REQUIRE(
          pipeline.poll_until([&] { return pipeline.level(client.pid()) == CaptureLevel::kFull; }));
      all = moved(pipeline.ask(client, "get 3000", 0));
      REQUIRE(pipeline.poll_until([&] {
        last = last_of_client();
        return last != nullptr && last->request.target == "/3000";
      }));
    }
    CHECK_FALSE(last->truncated());
    CHECK(last->response.body == pattern(3000));
    pipeline.finish();

    const Connection* conn = pipeline.connection_of(client.pid());
    // The connection is older than the capture: what it moved before is in no ledger.
    const uint64_t sent = all.sent - before.sent;
    const uint64_t received = all.received - before.received;
    CHECK(conn->ledger[0].seen() == sent);
    CHECK(conn->ledger[1].seen() == received);
    const uint64_t delivered = conn->ledger[0].delivered + conn->ledger[1].delivered;
    CHECK(delivered == pipeline.data_bytes[conn->process.pid]);
    const uint64_t tenth = sent / 10;
    CHECK(conn->ledger[0].lost[kLossBudget] > tenth);
    for (const Ledger& ledger : conn->ledger) {
      uint64_t lost = 0;
      for (size_t cause = 0; cause < kLossCauses; ++cause) lost += ledger.lost[cause];
      CHECK(ledger.seen() == ledger.delivered + lost);
      CHECK(lost == ledger.lost[kLossBudget]);
    }
  }

  TEST_CASE("at headers the kernel side counts bodies, as left out by the budget") {
    Child server(python("server", {certificate()[0], certificate()[1], "nodelay"}));
    const std::string port = server.read_line();
    Child client(python("bulk", {port}));
    REQUIRE(client.read_line() == "connected");
    auto live = live_options();
    live.ring_bytes = 64u << 20;  // all of it from both ends, should the level come late
    Pipeline pipeline(live);
    pipeline.set_level(client.pid(), CaptureLevel::kHeaders);
    Moved all = moved(pipeline.ask(client, "get 20000000", 3));
    pipeline.set_level(client.pid(), CaptureLevel::kFull);
    all = moved(pipeline.ask(client, "get 3000", 1));
    pipeline.finish();
    std::vector<const Transaction*> of_client;
    for (const auto& tx : pipeline.transactions) {
      if (tx->connection->process.pid == static_cast<uint32_t>(client.pid()))
        of_client.push_back(tx.get());
    }
    REQUIRE(of_client.size() == 2);
    const http::Message& cut = of_client[0]->response;
    CHECK(cut.truncation == http::Truncation::kBudget);
    CHECK(cut.body_bytes == 20'000'000);
    CHECK(cut.missing_bytes == 20'000'000);
    CHECK(cut.complete);
    CHECK_FALSE(of_client[1]->truncated());
    CHECK(of_client[1]->response.body == pattern(3000));
    const Ledger& ledger = pipeline.connection_of(client.pid())->ledger[1];
    CHECK(ledger.seen() == all.received);
    CHECK(ledger.lost[kLossBudget] > 0);
    CHECK(ledger.lost_bytes() == ledger.lost[kLossBudget]);
  }

  TEST_CASE("calls that are only entered cost as well: TLS objects that are made and freed") {
    auto live = live_options();
    live.budget.process = 1'000'000;
    SUBCASE("as the kernel can") {}
    SUBCASE("as older kernels can") {
      live.without_uprobe_multi = live.without_bpf_loop = true;
    }
    Child client(python("tls_objects", {}));
    REQUIRE(client.read_line() == "ready");
    Pipeline pipeline(live);
    client.write_line("3");
    const auto is_lowered = [&] { return pipeline.level(client.pid()) != CaptureLevel::kFull; };
    CHECK(pipeline.poll_until(is_lowered));
    CHECK(client.read_line().starts_with("made "));
    pipeline.finish();
    for (const Record& step : pipeline.steps) {
      if (step.pid == static_cast<uint32_t>(client.pid())) CHECK(step.spent > 0);
    }
  }

  TEST_CASE("without a budget nothing steps, and a wide one is kept") {
    auto live = live_options();
    SUBCASE("none") {}
    SUBCASE("wide") {
      live.budget = {.process = 60'000'000'000, .total = 60'000'000'000};
    }
    Child server(python("server", {certificate()[0], certificate()[1], "nodelay"}));
    const std::string port = server.read_line();
    Child client(python("bulk", {port}));
    REQUIRE(client.read_line() == "connected");
    Pipeline pipeline(live);
    const Moved all = moved(pipeline.ask(client, "run 1 262144", 1));
    pipeline.finish();
    CHECK(pipeline.steps.empty());
    CHECK(pipeline.counters().lost_by_cause[kLossBudget] == 0);
    const uint64_t both = all.sent + all.received;
    CHECK(pipeline.data_bytes[static_cast<uint32_t>(client.pid())] == both);
  }

  TEST_CASE("a recording with steps replays to the same") {
    const TemporaryDirectory directory;
    const std::string file = directory.path() + "/steps.qrec";
    Child server(python("server", {certificate()[0], certificate()[1], "nodelay"}));
    const std::string port = server.read_line();
    Child client(python("bulk", {port}));
    REQUIRE(client.read_line() == "connected");
    Told live({{"capture.record_file", file}, {"capture.budget.process", "0.1%"}});
    client.write_line("run 2 262144");
    live.poll(std::chrono::seconds(8), false);  // down, and some steps up again
    client.write_line("get 3000");
    live.poll(std::chrono::seconds(1), true);
    Told replayed({{"capture.source", "replay"}, {"capture.replay_file", file}});
    replayed.poll(std::chrono::seconds(30), false);
    CHECK(live.stats.budget_steps > 2);
    CHECK(live.stats.bytes_lost_budget > 0);
    CHECK(live.stats.bytes_lost >= live.stats.bytes_lost_budget);
    CHECK(replayed.stats.budget_steps == live.stats.budget_steps);
    CHECK(replayed.stats.bytes_lost_budget == live.stats.bytes_lost_budget);
    CHECK(replayed.stats.bytes_seen == live.stats.bytes_seen);
    REQUIRE(live.lines.size() > 2);
    CHECK(replayed.lines == live.lines);
    // Steps are told, and connections and transactions say what was left out of them.
    const auto any = [](const std::vector<std::string>& lines, const char* text) {
      return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
        return line.find(text) != std::string::npos;
      });
    };
    CHECK(any(live.log, "QT031: budget: pid "));
    CHECK(any(live.lines, "\"truncated_reason\":\"budget\""));
    CHECK(any(live.lines, "\"captureLevel\":\""));
    unlink(file.c_str());
  }

  TEST_CASE("the total budget counts the reader") {
    auto live = live_options();
    live.budget.total = 1'000'000;
    Child server(python("server", {certificate()[0], certificate()[1], "nodelay"}));
    const std::string port = server.read_line();
    Child client(python("bulk", {port}));
    REQUIRE(client.read_line() == "connected");
    Pipeline pipeline(live);
    pipeline.ask(client, "run 3 262144", 3);
    pipeline.finish();
    REQUIRE(!pipeline.steps.empty());
    for (const Record& step : pipeline.steps) CHECK(step.of_all);
    CHECK(pipeline.counters().lost_by_cause[kLossBudget] > 0);
  }
}

}  // namespace qtap::test
