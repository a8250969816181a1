// SPDX-License-Identifier: Apache-2.0
// Which rule of a list decides, and how early that is told.
#include "plugin/rule_list.h"

#include <doctest/doctest.h>

#include <random>

#include "rule_fixture.h"
#include "support/make.h"

using namespace qtap;
using plugin::RuleList;
using test::make_connection;
using test::make_transaction;
using test::rule_list;

namespace {

// The transaction of make_transaction() as it is in transfer.
Ref<Transaction> in_transfer(bool is_answered) {
  auto tx = make_transaction();
  tx->connection = {};
  tx->request.body_bytes = 0;
  if (!is_answered) tx->response = {};
  return tx;
}

}  // namespace

TEST_SUITE("plugin/rule_list") {
  TEST_CASE("the first rule that matches decides; none may") {
    const auto tx = make_transaction();
    CHECK(rule_list({"http.res.status >= 500", "http.req.method == \"GET\"", "tls.enabled"})
              .decide(*tx) == 1);
    CHECK(rule_list({"http.res.status >= 500"}).decide(*tx) == RuleList::kNone);
    CHECK(RuleList().decide(*tx) == RuleList::kNone);
    // What is missing matches nothing, and lets the next rule have its turn.
    CHECK(rule_list({"grpc.status != 0", "not (grpc.status == 0)", "tls.enabled"}).decide(*tx) ==
          2);
  }

  TEST_CASE("macros and aliases are what they are in rules") {
    auto list = rule_list({"slow() and exe matches /curl$/"},
                          {test::rule_text("http.duration_ms >= 20", "slow")});
    CHECK(list.decide(*make_transaction()) == 0);
  }

  TEST_CASE("rules that the facts of a connection decide are not open any more") {
    auto list = rule_list({"type == \"udp\"", "http.req.method == \"GET\" and dst.port == 443",
                           "dst.port == 80 and http.res.status == 200", "src.ip in 10.0.0.0/8",
                           "http.req.method == \"PUT\""});
    const auto conn = make_connection();
    const RuleList::Rest& rest = list.rest_for(*conn);
    CHECK(rest.open == std::vector<uint32_t>{1});
    CHECK(rest.matches == 3u);
    // Others with the same facts share it.
    const auto other = make_connection();
    other->id = "c0000000000000000002";
    CHECK(&list.rest_for(*other) == &rest);
    other->local = test::ipv4(192, 168, 0, 1);
    CHECK(&list.rest_for(*other) == &rest);  // nobody said that it has changed
    ++other->facts;
    CHECK(list.rest_for(*other).open == std::vector<uint32_t>{1, 4});
    CHECK_FALSE(list.rest_for(*other).matches);
  }

  TEST_CASE("however many outcomes there are, what is decided is not open") {
    constexpr uint16_t kOutcomes = 600;  // more than are shared
    std::vector<std::string> texts;
    for (int i = 0; i < kOutcomes; ++i) {
      texts.push_back("dst.port == " + std::to_string(1000 + i) + " and http.res.status >= 500");
    }
    auto list = rule_list(texts);
    std::vector<Ref<Connection>> connections;
    for (uint16_t i = 0; i <= kOutcomes; ++i) {
      auto conn = make_connection();
      conn->id = "c" + std::to_string(i);
      conn->remote.port = static_cast<uint16_t>(1000 + i);
      const RuleList::Rest& rest = list.rest_for(*conn);
      CHECK(rest.open.size() == (i < kOutcomes ? 1 : 0));
      if (i < kOutcomes) CHECK(rest.open.front() == i);
      CHECK_FALSE(rest.matches);
      if (i % 2) list.forget(*conn);
      connections.push_back(std::move(conn));
    }
    for (uint16_t i = 0; i <= kOutcomes; i = static_cast<uint16_t>(i + 2)) {
      CHECK(list.rest_for(*connections[i]).open.size() == (i < kOutcomes ? 1 : 0));
    }
  }

  TEST_CASE("a connection that was forgotten is looked at again") {
    auto list = rule_list({"dst.port == 443"});
    const auto conn = make_connection();
    CHECK(list.rest_for(*conn).matches == 0u);
    conn->remote.port = 80;
    CHECK(list.rest_for(*conn).matches == 0u);
    list.forget(*conn);
    CHECK_FALSE(list.rest_for(*conn).matches);
  }

  TEST_CASE("a fact that may still change decides nothing") {
    auto list =
        rule_list({"dst.domain == \"api.example.com\"", "direction == \"egress-external\""});
    const auto conn = make_connection();
    SUBCASE("the name that DNS gave") {
      conn->endpoint_is_asked = true;
      CHECK(list.rest_for(*conn).open == std::vector<uint32_t>{0});
      CHECK(list.rest_for(*conn).matches == 1u);
    }
    SUBCASE("an address that is not known") {
      conn->endpoint_is_name = false;
      conn->direction = FlowDirection::kEgress;
      CHECK(list.rest_for(*conn).open == std::vector<uint32_t>{0, 1});
    }
    SUBCASE("in the end all counts") {
      conn->endpoint_is_asked = true;
      const auto tx = make_transaction();
      tx->connection = conn;
      CHECK(list.decide(*tx) == 0);
    }
  }

  TEST_CASE("a host that the request does not name may still get its name") {
    auto list =
        rule_list({"http.req.host == \"api.example.com\"", "http.req.url contains \"/v1\""});
    const auto conn = make_connection();
    conn->endpoint_is_name = false;
    conn->endpoint_id = "203.0.113.9";
    const auto named = in_transfer(false);
    const auto nameless = in_transfer(false);
    nameless->request.headers = {};
    nameless->request.authority.clear();
    nameless->request.target = "/v1";
    CHECK(list.decide_early(conn, *named, FieldStage::kRequestHead) == 0u);
    CHECK_FALSE(list.decide_early(conn, *nameless, FieldStage::kRequestHead));
    conn->endpoint_is_name = true;
    conn->endpoint_id = "b.example.com";
    ++conn->facts;
    nameless->head = {};
    CHECK(list.decide_early(conn, *nameless, FieldStage::kRequestHead) == 1u);
  }

  TEST_CASE("one in transfer is decided when what its rules read is known") {
    auto list = rule_list({"http.res.status >= 500", "http.req.method == \"GET\""});
    const auto conn = make_connection();
    CHECK_FALSE(list.decide_early(conn, *in_transfer(false), FieldStage::kRequestHead));
    CHECK(list.decide_early(conn, *in_transfer(true), FieldStage::kResponseHead) == 1u);
    auto by_request = rule_list({"http.req.pathname == \"/get\"", "http.res.status >= 500"});
    CHECK(by_request.decide_early(conn, *in_transfer(false), FieldStage::kRequestHead) == 0u);
    // The length of a body is not known before its end, though there is a number.
    auto by_length = rule_list({"http.res.body_bytes < 10"});
    CHECK_FALSE(by_length.decide_early(conn, *in_transfer(true), FieldStage::kResponseHead));
  }

  TEST_CASE("what is decided early is decided the same in the end") {
    const std::vector<std::string> conditions = {"http.req.method == \"GET\"",
                                                 "http.req.headers.user-agent contains \"curl\"",
                                                 "http.req.headers.x-team == \"pay\"",
                                                 "http.res.status == 200",
                                                 "http.res.headers.content-type contains \"html\"",
                                                 "http.res.body_bytes > 10",
                                                 "http.truncated",
                                                 "dst.port == 443",
                                                 "dst.domain == \"api.example.com\"",
                                                 "direction == \"ingress\"",
                                                 "src.container.id == \"abc\"",
                                                 "tls.version < 1.3",
                                                 "protocol == \"http1\"",
                                                 "grpc.status == 0"};
    std::mt19937 random(1);
    const auto below = [&](size_t n) {
      return std::uniform_int_distribution<size_t>(0, n - 1)(random);
    };
    size_t told_early = 0;
    for (int round = 0; round < 400; ++round) {
      std::vector<std::string> rules;
      for (size_t i = 0; i < 3; ++i) {
        std::string rule;
        for (size_t term = 0; term < 3; ++term) {
          rule += term == 0 ? "" : below(2) == 0 ? " and " : " or ";
          rule += std::string("(") + (below(3) == 0 ? "not " : "") +
                  conditions[below(conditions.size())] + ")";
        }
        rules.push_back(rule);
      }
      auto list = rule_list(rules);
      const auto conn = make_connection();
      conn->endpoint_is_asked = below(2) == 0;
      if (below(2) == 0) conn->direction = FlowDirection::kEgress;
      const auto tx = make_transaction();
      tx->response.body_bytes = below(2) * 100;
      std::vector<std::optional<uint32_t>> early;
      for (const bool is_answered : {false, true}) {
        early.push_back(
            list.decide_early(conn, *in_transfer(is_answered),
                              is_answered ? FieldStage::kResponseHead : FieldStage::kRequestHead));
      }
      // What may change has changed when it is over.
      tx->connection = Ref<Connection>::make(*conn);
      auto& over = const_cast<Connection&>(*tx->connection);
      over.endpoint_is_asked = false;
      if (conn->endpoint_is_asked) over.endpoint_id = "other.example";
      if (conn->direction == FlowDirection::kEgress)
        over.direction = FlowDirection::kEgressInternal;
      ++over.facts;
      const uint32_t in_the_end = list.decide(*tx);
      CAPTURE(rules);
      for (const auto& decided : early) {
        if (!decided) continue;
        ++told_early;
        CHECK(*decided == in_the_end);
      }
    }
    CHECK(told_early > 100);
  }

  TEST_CASE("an evaluation that fails matches nothing and is counted, in the end only") {
    // More pairs of elements than one evaluation may compare (rulekit/limits.h).
    std::string list = "[";
    for (int i = 0; i < 4000; ++i) list += (i == 0 ? "" : ",") + std::to_string(i);
    auto rules =
        rule_list({"tls.alpn == " + list + "] and http.req.method == \"GET\"", "tls.enabled"});
    const auto tx = make_transaction();
    const auto conn = make_connection();
    conn->tls.alpn = std::vector<std::string>(4000, "x");
    tx->connection = conn;
    CHECK(rules.rest_for(*conn).open.front() == 0);
    // It is asked for bodies that were not decided, when it is over.
    CHECK(rules.decide_early(conn, *tx, FieldStage::kEnd) == 1u);
    CHECK(rules.errors() == 0);
    CHECK(rules.decide(*tx) == 1);
    CHECK(rules.errors() == 1);
  }

  TEST_CASE("that a rule reads bodies is known") {
    CHECK(rule_list({"http.res.body contains \"x\""}).reads_bodies());
    CHECK(rule_list({"res.decode_state == \"limit\""}).reads_bodies());
    CHECK(rule_list({"sse.max_gap_us > 5000000"}).reads_bodies());
    CHECK(rule_list({"connection.websocket.sent_messages > 10"}).reads_bodies());
    CHECK(rule_list({"grpc.res.messages > 10"}).reads_bodies());
    CHECK_FALSE(rule_list({"grpc.service == \"shop.Cart\""}).reads_bodies());
    CHECK_FALSE(rule_list({"http.res.body_bytes > 1"}).reads_bodies());
    CHECK(rule_list({"m()"}, {test::rule_text("req.body contains \"x\"", "m")}).reads_bodies());
  }
}
