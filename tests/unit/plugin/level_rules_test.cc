// SPDX-License-Identifier: Apache-2.0
// How much is kept, by rules; what connections and bodies in transfer may be spared.
#include "plugin/level_rules.h"

#include <doctest/doctest.h>

#include "plugin/builtin.h"
#include "rule_fixture.h"
#include "support/make.h"

using namespace qtap;
using namespace qtap::plugin;
using test::make_connection;
using test::make_transaction;

namespace {

LevelRules capture(const std::vector<std::string>& rules, const std::vector<Level>& levels,
                   Level otherwise = Level::kNone) {
  std::vector<LevelChoice> choices;
  for (const Level level : levels) choices.push_back({level, ConsoleFormat::kJson});
  return LevelRules({otherwise, ConsoleFormat::kText}, test::rule_list(rules), choices);
}

}  // namespace

TEST_SUITE("plugin/level_rules") {
  TEST_CASE("the rule's level and format, else those of the plugin") {
    auto rules = capture({"http.res.status >= 500"}, {Level::kFull}, Level::kSummary);
    const auto tx = make_transaction();
    CHECK(rules.choose(*tx).level == Level::kSummary);
    CHECK(rules.choose(*tx).format == ConsoleFormat::kText);
    tx->response.status = 503;
    CHECK(rules.choose(*tx).level == Level::kFull);
    CHECK(rules.choose(*tx).format == ConsoleFormat::kJson);
  }

  TEST_CASE("a connection needs no more than what its open rules can give") {
    auto rules = capture({"dst.port == 80", "dst.port == 443 and http.res.status >= 500"},
                         {Level::kFull, Level::kDetails});
    CHECK(rules.most() == Level::kFull);
    const auto conn = make_connection();
    CHECK(rules.most_of(*conn) == Level::kDetails);
    conn->remote.port = 80;
    ++conn->facts;
    CHECK(rules.most_of(*conn) == Level::kFull);
    conn->remote.port = 8080;
    ++conn->facts;
    CHECK(rules.most_of(*conn) == Level::kNone);
  }

  TEST_CASE("a rule that lowers the level is heard as well") {
    auto rules = capture({"src.process.binary == \"curl\""}, {Level::kNone}, Level::kFull);
    CHECK(rules.most() == Level::kFull);
    CHECK(rules.most_of(*make_connection()) == Level::kNone);
  }

  TEST_CASE("a rule that reads bodies needs them, as long as it is open") {
    auto rules = capture({"dst.port == 443 and http.res.body contains \"x\""}, {Level::kSummary});
    CHECK(rules.most() == Level::kFull);
    const auto conn = make_connection();
    CHECK(rules.most_of(*conn) == Level::kFull);
    conn->remote.port = 80;
    ++conn->facts;
    CHECK(rules.most_of(*conn) == Level::kNone);
  }

  TEST_CASE("bodies pass while they are in transfer only when a rule has decided for them") {
    const auto conn = make_connection();
    const auto plugin = make_http_capture(capture(
        {"http.req.method == \"POST\"", "http.res.status >= 500"}, {Level::kNone, Level::kFull}));
    const auto tx = make_transaction();
    tx->connection = {};
    const int status = 503;
    tx->response = {};
    CHECK(plugin->streams_bodies(conn, *tx, FieldStage::kRequestHead) == BodyChoice::kLater);
    tx->response.status = status;
    CHECK(plugin->streams_bodies(conn, *tx, FieldStage::kResponseHead) == BodyChoice::kYes);
    tx->response.status = 200;
    CHECK(plugin->streams_bodies(conn, *tx, FieldStage::kResponseHead) == BodyChoice::kNo);
    tx->request.method = "POST";
    tx->head = {};
    tx->response.status.reset();
    CHECK(plugin->streams_bodies(conn, *tx, FieldStage::kRequestHead) == BodyChoice::kNo);
  }
}
