// SPDX-License-Identifier: Apache-2.0
// Rows, requests and answers. tests/e2e/test_clickhouse.py asks real servers.
#include "sink/clickhouse.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/sha256.h"
#include "model/event_json.h"
#include "sink/clickhouse_rows.h"
#include "sink/clickhouse_tables.h"
#include "support/gunzip.h"
#include "support/make.h"

using namespace qtap;

namespace {

std::string row(const std::string& json) {
  std::string rows;
  return sink::append_clickhouse_row(*test::make_event(json), rows) ? rows : "refused";
}

Ref<Event> of_type(const char* type, const char* json) {
  Ref<Event> event = test::make_event(json);
  event->type = type;
  return event;
}

net::Reply reply(int status, std::string body, std::vector<net::Field> fields = {}) {
  net::Reply made;
  made.status = status;
  made.body = std::move(body);
  made.fields = std::move(fields);
  return made;
}

std::string told(const sink::Verdict& verdict) {
  if (verdict.status.ok()) return "taken";
  const Error& error = verdict.status.error();
  return (error.status == QTAP_ERR_AGAIN ? "again: " : "final: ") + error.text;
}

}  // namespace

TEST_SUITE("sink/clickhouse_rows") {
  TEST_CASE("columns are paths in snake case; null and kinds are left out") {
    CHECK(row(R"({"eventType":"request","tlsProbeTypesDetected":["openssl"],"status":null,
                  "durationUs":27123,"duration":27,"grpcStatus":"14","grpcStatusName":"UNAVAILABLE",
                  "tags":["bin:curl"],"objects":[{"type":"t","digest":"d"}],"truncated":true})") ==
          R"({"tls_probe_types_detected":["openssl"],"duration_us":27123,"duration_ms":27,)"
          R"("grpc_status":14,"grpc_status_name":"UNAVAILABLE","tags":["bin:curl"],)"
          R"("objects":[{"type":"t","digest":"d"}],"truncated":true})"
          "\n");
    CHECK(row(R"({"grpcStatus":null})") == "{}\n");
    CHECK(row(R"({"grpcStatus":"1\"},{"})") == "{}\n");
  }

  TEST_CASE("the local end is the process, the other one is remote, whoever began") {
    const std::string ends =
        R"("source":{"address":{"family":"ipv4","ip":"10.0.0.1","port":40000},"hostname":"h",)"
        R"("exe":"/bin/x","user":"ann","userId":0,"pid":7,"container":{"id":"abc","name":"n",)"
        R"("image":"i","pod":{"name":"p","namespace":"ns"}}},)"
        R"("destination":{"address":{"family":"ipv6","ip":"::1","port":443}})";
    const std::string process =
        R"("hostname":"h","exe":"/bin/x","user":"ann","user_id":0,"pid":7,"container_id":"abc",)"
        R"("container_name":"n","container_image":"i","pod_name":"p","pod_namespace":"ns",)";
    CHECK(row("{\"direction\":\"egress-external\"," + ends + "}") ==
          R"({"direction":"egress-external","local_ip":"10.0.0.1","local_port":40000,)" + process +
              R"("remote_ip":"::1","remote_port":443})" + "\n");
    CHECK(row("{\"direction\":\"ingress\"," + ends + "}") ==
          R"({"direction":"ingress","remote_ip":"10.0.0.1","remote_port":40000,)" + process +
              R"("local_ip":"::1","local_port":443})" + "\n");
  }

  TEST_CASE("a connection: what is in maps of its own, and what is not") {
    CHECK(row(R"({"meta":{"connectionId":"c","endpointId":"e","tlsProbeIntrospected":true},
                  "tags":{"bin":["curl"]},"tls":{"sni":"s","alpn":["h2"]},"tlsVersion":772,
                  "system":{"hostname":"h","agent":"a","agentInstance":"i"}})") ==
          R"({"connection_id":"c","endpoint_id":"e","tls_probe_introspected":true,)"
          R"("tags":{"bin":["curl"]},"tls_sni":"s","tls_alpn":["h2"],"tls_version":772,)"
          R"("agent_hostname":"h","agent_name":"a","agent_instance":"i"})"
          "\n");
  }

  TEST_CASE("a summary is a map of texts") {
    CHECK(row(R"({"summary":{"duration_ms":27,"request_method":"GET","truncated":true}})") ==
          R"({"summary":{"duration_ms":"27","request_method":"GET","truncated":"true"}})"
          "\n");
  }

  TEST_CASE("what is no object is refused") {
    CHECK(row("[]") == "refused");
    CHECK(row("{") == "refused");
  }

  TEST_CASE("every member of our own events has a column of its table") {
    const std::string ddl = [] {
      std::string all;
      for (const std::string& table : sink::clickhouse_tables("", 30)) all += table;
      return all;
    }();
    // Ours, beyond the tables of the specification: a server skips them, or has them added.
    const std::vector<std::string> extra = {"request_us", "tls_alpn_selected", "created_at",
                                            // Names within the maps of tags and of a summary.
                                            "bin", "host", "ip", "protocol", "strategy"};
    auto tx = test::make_transaction();
    tx->connection->tls.sni = "s";
    tx->connection->tls.alpn = {"h2"};
    for (const Ref<Event>& event :
         {make_connection_event(*tx->connection, {"h", "a", "i"}, true),
          make_request_event(*tx, {}, {}),
          make_artifact_event(*test::make_object("x"), "d", "s", "u", "")}) {
      const std::string text = row(event->json);
      for (size_t at = text.find("\":"); at != std::string::npos; at = text.find("\":", at + 1)) {
        const size_t begin = text.rfind('"', at - 1) + 1;
        const std::string name = text.substr(begin, at - begin);
        if (text.find("summary") < at) continue;
        CAPTURE(name);
        CHECK((ddl.find(name + " ") != std::string::npos ||
               std::find(extra.begin(), extra.end(), name) != extra.end()));
      }
    }
  }
}

TEST_SUITE("sink/clickhouse") {
  TEST_CASE("a batch is one insert for each table") {
    sink::ClickhouseOptions options;
    options.endpoint = "http://h:8123";
    options.database = "my db";
    options.password = "secret";
    options.table_prefix = "p_";
    const auto protocol = sink::make_clickhouse(options);
    const std::vector<Ref<Event>> events = {
        of_type("request", R"({"a":1})"), of_type("connection", R"({"b":2})"),
        of_type("request", "broken"), of_type("request", R"({"c":3})")};
    std::vector<Status> outcomes(4);
    const auto requests = protocol->requests_for(events, outcomes);
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].indices == std::vector<size_t>{0, 3});
    CHECK(requests[1].indices == std::vector<size_t>{1});
    const std::string rows = test::gunzip(requests[0].body);
    CHECK(rows == "{\"a\":1}\n{\"c\":3}\n");
    CHECK(requests[0].request.url ==
          "http://h:8123/?database=my%20db&query=INSERT%20INTO%20%60p_request%60%20FORMAT%20"
          "JSONEachRow&date_time_input_format=best_effort&input_format_skip_unknown_fields=1"
          "&async_insert=1&wait_for_async_insert=1&insert_deduplication_token=" +
              sha256_hex(rows));
    CHECK(requests[0].request.fields == std::vector<std::string>{"X-ClickHouse-User: default",
                                                                 "X-ClickHouse-Key: secret",
                                                                 "Content-Encoding: gzip"});
    CHECK_FALSE(outcomes[2].ok());
    CHECK(outcomes[0].ok());
  }

  TEST_CASE("a server that does not know settings of later versions is asked without them") {
    const auto protocol = sink::make_clickhouse({});
    CHECK(told(protocol->judge(reply(500,
                                     "Code: 115, e.displayText() = DB::Exception: Unknown "
                                     "setting async_insert, e.what() = DB::Exception"),
                               1))
              .starts_with("again: "));
    std::vector<Status> outcomes(1);
    const std::vector<Ref<Event>> events = {of_type("request", "{}")};
    const auto requests = protocol->requests_for(events, outcomes);
    CHECK(requests[0].request.url.ends_with("&input_format_skip_unknown_fields=1"));
    // Another table's, which was asked at the same time.
    CHECK(told(protocol->judge(reply(404, "Code: 115. x"), 1)).starts_with("again: "));
  }

  TEST_CASE("answers are told without what they quote") {
    const auto protocol = sink::make_clickhouse({});
    CHECK(told(protocol->judge(reply(200, ""), 1)) == "taken");
    CHECK(told(protocol->judge(reply(400,
                                     "Code: 27. DB::Exception: Cannot parse input: expected "
                                     "',' before: 'https://x/y': (at row 1)"),
                               1)) ==
          "final: Failed to send events: HTTP status 400 (Code: 27. "
          "DB::Exception: Cannot parse input: expected ',')");
    CHECK(told(protocol->judge(reply(403, "Code: 516. DB::Exception: w: Authentication failed"),
                               1)) ==
          "final: Failed to send events: Access Denied (Code: 516. DB::Exception: w: "
          "Authentication failed)");
    CHECK(told(protocol->judge(reply(503, ""), 1)) ==
          "again: Failed to send events: HTTP status 503");
    CHECK(told(protocol->judge(reply(200, "Code: 241. DB::Exception: Memory limit"), 1)) ==
          "final: Failed to send events: Code: 241. DB::Exception: Memory limit");
  }

  TEST_CASE("tables are made only when asked for") {
    CHECK(sink::make_clickhouse({})->preparations().empty());
    sink::ClickhouseOptions options;
    options.create_tables = true;
    options.retention_days = 7;
    options.table_prefix = "x_";
    const auto protocol = sink::make_clickhouse(options);
    const auto requests = protocol->preparations();
    REQUIRE(requests.size() == 5);
    CHECK(requests[1].body.starts_with("CREATE TABLE IF NOT EXISTS `x_request` (\n  timestamp "));
    CHECK(requests[1].body.find(" + INTERVAL 7 DAY\n") != std::string_view::npos);
  }
}
