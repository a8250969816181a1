// SPDX-License-Identifier: Apache-2.0
// Records in both forms, and answers. tests/e2e/test_otlp.py asks a receiver of opentelemetry's
// own.
#include <doctest/doctest.h>

#include <protozero/pbf_writer.hpp>
#include <string>
#include <vector>

#include "base/base64.h"
#include "sink/otlp_encode.h"
#include "sink/otlp_export.h"
#include "sink/otlp_log.h"
#include "sink/otlp_reply.h"
#include "support/make.h"

using namespace qtap;
using namespace std::chrono_literals;

namespace {

sink::OtlpLog log_of(const char* type, const char* json) {
  Ref<Event> event = test::make_event(json);
  event->type = type;
  event->time_ns = 5;
  const auto log = sink::otlp_log(*event, 7);
  REQUIRE(log.has_value());
  return *log;
}

std::string json_of(const sink::OtlpLog& log) {
  const std::string text = sink::otlp_json({}, std::span(&log, 1));
  const size_t begin = text.find("\"logRecords\":[") + 14;
  return text.substr(begin, text.rfind("]}]}]}") - begin);
}

std::string base64(const std::string& bytes) {
  std::string out(base64_size(bytes.size()) + 1, '\0');
  out.resize(static_cast<size_t>(put_base64(out.data(), bytes) - out.data()));
  return out;
}

std::string retry_status(int64_t seconds, int32_t nanos) {
  std::string delay, info, any, status;
  protozero::pbf_writer d(delay);
  d.add_int64(1, seconds);
  d.add_int32(2, nanos);
  protozero::pbf_writer(info).add_message(1, delay);
  protozero::pbf_writer a(any);
  a.add_string(1, "type.googleapis.com/google.rpc.RetryInfo");
  a.add_message(2, info);
  protozero::pbf_writer s(status);
  s.add_int32(1, 8);
  s.add_string(2, "m");
  s.add_message(3, any);
  return status;
}

net::Reply grpc(std::vector<net::Field> fields, std::string body = "") {
  net::Reply reply;
  reply.status = 200;
  reply.fields = std::move(fields);
  reply.body = std::move(body);
  return reply;
}

}  // namespace

TEST_SUITE("sink/otlp_log") {
  TEST_CASE("maps become names with dots, lists stay, null and empty are left out") {
    const sink::OtlpLog log = log_of(
        "request",
        R"({"eventType":"request","a":{"b":{"c":1},"d":""},"l":["x",{"k":true}],"e":[],"n":null,)"
        R"("f":0.5,"t":true,"i":-3})");
    CHECK(json_of(log) ==
          R"({"timeUnixNano":"5","observedTimeUnixNano":"7","severityNumber":9,)"
          R"("severityText":"INFO","body":{"stringValue":"- - -> -"},"attributes":[)"
          R"({"key":"event.type","value":{"stringValue":"request"}},)"
          R"({"key":"a.b.c","value":{"intValue":"1"}},)"
          R"({"key":"l","value":{"arrayValue":{"values":[{"stringValue":"x"},)"
          R"({"kvlistValue":{"values":[{"key":"k","value":{"boolValue":true}}]}}]}}},)"
          R"({"key":"f","value":{"doubleValue":0.5}},)"
          R"({"key":"t","value":{"boolValue":true}},)"
          R"({"key":"i","value":{"intValue":"-3"}}]})");
  }

  TEST_CASE("each kind has its severity and its sentence") {
    const auto told = [](const char* type, const char* json) {
      const sink::OtlpLog log = log_of(type, json);
      return std::string(severity_text(log.severity)) + " " + log.body;
    };
    CHECK(told("request", R"({"method":"GET","url":"https://a.b/c","status":200,"duration":27})") ==
          "INFO GET a.b/c -> 200 in 27 ms");
    CHECK(told("request", R"({"method":"GET","url":"https://a.b/c","status":null})") ==
          "INFO GET a.b/c -> -");
    CHECK(told("connection",
               R"({"meta":{"endpointId":"a.b"},"tags":{"bin":["curl"]},"l7Protocol":"http1",)"
               R"("direction":"ingress","bytesSent":1,"bytesReceived":2,"finalized":true})") ==
          "INFO curl -> a.b (http1, ingress): 1 bytes sent, 2 received, closed");
    CHECK(told("artifact_record", R"({"type":"t","contentType":"a/b","size":3,"stored":false})") ==
          "INFO Artifact: t (a/b, 3 bytes) was not stored");
    CHECK(told("issue", R"({"error":"slow","method":"GET","url":"http://a/","status":500})") ==
          "ERROR slow: GET a/ -> 500");
    CHECK(
        told("pii_entity",
             R"({"entityType":"SSN","fieldPath":"p","requestMethod":"PUT","requestPath":"/x"})") ==
        "WARN SSN in p of PUT /x");
    CHECK(told("other", "{}") == "INFO other");
  }

  TEST_CASE("what is no object is no record") {
    CHECK_FALSE(sink::otlp_log(*test::make_event("[]"), 0).has_value());
  }

  TEST_CASE("a resource says what is known of who sends") {
    const sink::OtlpOrigin origin =
        sink::otlp_origin({.version = "1", .hostname = "h", .instance = ""});
    CHECK(sink::otlp_json(origin, {}) ==
          R"({"resourceLogs":[{"resource":{"attributes":[)"
          R"({"key":"service.name","value":{"stringValue":"qtap"}},)"
          R"({"key":"service.version","value":{"stringValue":"1"}},)"
          R"({"key":"deployment.environment","value":{"stringValue":"production"}},)"
          R"({"key":"host.name","value":{"stringValue":"h"}}]},"scopeLogs":[{"scope":)"
          R"({"name":"libqtap","version":"1"},"logRecords":[]}]}]})");
  }
}

TEST_SUITE("sink/otlp_reply") {
  TEST_CASE("what gRPC says is final or for later as OTLP has it") {
    for (const int code : {1, 4, 10, 11, 14, 15}) {
      CHECK(sink::read_grpc_outcome(grpc({{"grpc-status", std::to_string(code)}})).may_retry);
    }
    for (const int code : {2, 3, 5, 6, 7, 8, 9, 12, 13, 16, 99}) {
      CHECK_FALSE(sink::read_grpc_outcome(grpc({{"grpc-status", std::to_string(code)}})).may_retry);
    }
    const auto told = sink::read_grpc_outcome(grpc(
        {{"grpc-status", "8"}, {"grpc-status-details-bin", base64(retry_status(2, 500'000'000))}}));
    CHECK(told.may_retry);
    CHECK(told.wait == 2500ms);
    CHECK_FALSE(sink::read_grpc_outcome(grpc({})).may_retry);
    CHECK(sink::read_grpc_outcome(grpc({})).text == "the answer has no gRPC status");
    CHECK_FALSE(sink::read_grpc_outcome(grpc({{"grpc-status", "x"}})).is_ok);
  }

  TEST_CASE("texts are decoded, and told in known words") {
    const auto text = [](const char* status, const char* message) {
      return sink::read_grpc_outcome(grpc({{"grpc-status", status}, {"grpc-message", message}}))
          .text;
    };
    CHECK(text("16", "no%20token%") == "Access Denied (UNAUTHENTICATED: no token%)");
    CHECK(text("7", "") == "Access Denied (PERMISSION_DENIED)");
    CHECK(text("12", "a%0ab%zz") == "Not found (UNIMPLEMENTED: a)");
    CHECK(text("99", "x") == "gRPC status 99: x");
    CHECK(text("-1", "") == "gRPC status -1");
  }

  TEST_CASE("refusals in part are read from a message that came whole") {
    std::string partial, response;
    protozero::pbf_writer p(partial);
    p.add_int64(1, 3);
    p.add_string(2, "why");
    protozero::pbf_writer(response).add_message(1, partial);
    CHECK(sink::read_otlp_refusals(response).count == 3);
    CHECK(sink::read_otlp_refusals(response).why == "why");
    const auto outcome =
        sink::read_grpc_outcome(grpc({{"grpc-status", "0"}}, sink::grpc_message(response)));
    CHECK(outcome.is_ok);
    CHECK(outcome.message == response);
    CHECK(sink::read_otlp_refusals("").count == 0);
  }

  TEST_CASE("whatever bytes come, they are read to their end") {
    const std::string status = retry_status(1, 1);
    for (size_t size = 0; size <= status.size(); ++size) {
      sink::read_rpc_status(status.substr(0, size));
      sink::read_otlp_refusals(status.substr(0, size));
      for (size_t at = 0; at < size; ++at) {
        std::string broken = status.substr(0, size);
        broken[at] = static_cast<char>(broken[at] ^ 0x5f);
        sink::read_rpc_status(broken);
        sink::read_otlp_refusals(broken);
      }
    }
    CHECK(sink::read_rpc_status("<html>no</html>").message.empty());
    CHECK(sink::read_rpc_status(status).message == "m");
  }

  TEST_CASE("a message of gRPC has its length before it") {
    const std::string framed = sink::grpc_message(std::string(0x010203, 'x'));
    CHECK(framed.substr(0, 5) == std::string("\x00\x00\x01\x02\x03", 5));
    CHECK(framed.size() == 5 + 0x010203);
  }
}
