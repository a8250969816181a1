// SPDX-License-Identifier: Apache-2.0
#include "http/grpc.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

using namespace qtap;
using http::GrpcKind;

TEST_SUITE("http/grpc") {
  TEST_CASE("content types are told apart, with their codec") {
    const auto check = [](const char* text, GrpcKind kind, const char* codec) {
      CAPTURE(text);
      CHECK(http::grpc_type(text).kind == kind);
      CHECK(http::grpc_type(text).codec == codec);
    };
    check("application/grpc", GrpcKind::kGrpc, "proto");
    check("Application/gRPC+JSON; charset=utf-8", GrpcKind::kGrpc, "json");
    check("application/grpc-web+proto", GrpcKind::kWeb, "proto");
    check("application/grpc-web", GrpcKind::kWeb, "proto");
    check("application/grpc-web-text", GrpcKind::kWebText, "proto");
    check("application/grpc-web-text+thrift", GrpcKind::kWebText, "thrift");
    check("application/grpcish", GrpcKind::kNone, "");
    check("application/grpc+", GrpcKind::kNone, "");
    check("application/json", GrpcKind::kNone, "");
    check("", GrpcKind::kNone, "");
  }

  TEST_CASE("service and method are the parts around the last slash") {
    const auto call = http::grpc_call("/shop.v1.Cart/AddItem");
    REQUIRE(call);
    CHECK(call->service == "shop.v1.Cart");
    CHECK(call->method == "AddItem");
    CHECK(http::grpc_call("/prefix/shop.Cart/Get?x=1/2")->service == "prefix/shop.Cart");
    for (const char* path : {"", "/", "shop.Cart/Get", "/shop.Cart", "/shop.Cart/", "//Get"}) {
      CAPTURE(path);
      CHECK_FALSE(http::grpc_call(path));
    }
  }

  TEST_CASE("the status is that of the trailers, or of headers that stand alone") {
    const auto status = http::grpc_status({{"grpc-status", "13"}},
                                          {{"Grpc-Status", "5"}, {"grpc-message", "no%20such"}});
    CHECK(status.code == 5u);
    CHECK(status.message == "no such");
    CHECK_FALSE(status.trailers_only);
    const auto alone = http::grpc_status({{"grpc-status", "12"}, {"grpc-message", "x"}}, {});
    CHECK(alone.code == 12u);
    CHECK(alone.message == "x");
    CHECK(alone.trailers_only);
    CHECK_FALSE(http::grpc_status({}, {}).code);
    CHECK_FALSE(http::grpc_status({}, {{"grpc-status", "OK"}}).code);
    CHECK_FALSE(http::grpc_status({}, {{"grpc-status", ""}}).code);
    CHECK(http::grpc_status({}, {{"grpc-status", "4000"}}).code == 4000u);
  }

  TEST_CASE("the 17 codes have names") {
    CHECK(std::string(http::grpc_status_name(0)) == "OK");
    CHECK(std::string(http::grpc_status_name(1)) == "CANCELLED");
    CHECK(std::string(http::grpc_status_name(4)) == "DEADLINE_EXCEEDED");
    CHECK(std::string(http::grpc_status_name(9)) == "FAILED_PRECONDITION");
    CHECK(std::string(http::grpc_status_name(14)) == "UNAVAILABLE");
    CHECK(std::string(http::grpc_status_name(16)) == "UNAUTHENTICATED");
    CHECK(std::string(http::grpc_status_name(17)).empty());
  }

  TEST_CASE("a message is percent-decoded, and what is no escape stays") {
    CHECK(http::grpc_decode_message("caf%C3%a9 100%25") == "caf\xc3\xa9 100%");
    CHECK(http::grpc_decode_message("50% off %zz %4") == "50% off %zz %4");
    CHECK(http::grpc_decode_message("%41%") == "A%");
  }

  TEST_CASE("timeouts have a number of at most eight digits and a unit") {
    CHECK(http::grpc_timeout_ns("100m") == 100'000'000);
    CHECK(http::grpc_timeout_ns("2H") == 7200'000'000'000);
    CHECK(http::grpc_timeout_ns("3M") == 180'000'000'000);
    CHECK(http::grpc_timeout_ns("4S") == 4'000'000'000);
    CHECK(http::grpc_timeout_ns("5u") == 5000);
    CHECK(http::grpc_timeout_ns("99999999n") == 99'999'999);
    CHECK(http::grpc_timeout_ns("99999999H") == INT64_MAX);
    for (const char* text : {"", "m", "5", "123456789m", "-1S", "1s", "1 S", "1.5S"}) {
      CAPTURE(text);
      CHECK_FALSE(http::grpc_timeout_ns(text));
    }
  }

  TEST_CASE("the encoding is identity unless it is named") {
    CHECK(http::grpc_encoding({}) == "identity");
    CHECK(http::grpc_encoding({{"Grpc-Encoding", " GZIP "}}) == "gzip");
  }

  TEST_CASE("trailers of gRPC-Web are lines") {
    const auto fields =
        http::grpc_web_trailers("grpc-status:0\r\nGrpc-Message: all: well \r\nnone\n:x\nk:\n");
    REQUIRE(fields.size() == 3);
    CHECK(fields[0].value == "0");
    CHECK(fields[1].name == "Grpc-Message");
    CHECK(fields[1].value == "all: well");
    CHECK(fields[2].value.empty());
  }
}
