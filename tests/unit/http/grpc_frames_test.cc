// SPDX-License-Identifier: Apache-2.0
#include "http/grpc_frames.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/base64.h"
#include "grpc_transcript.h"

using namespace qtap;
using Form = http::GrpcFrames::Form;
using test::bytes_step;
using test::gap_step;
using test::Step;

namespace {

std::string message(std::string_view payload, uint8_t flags = 0) {
  std::string out(1, static_cast<char>(flags));
  for (int shift = 24; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(payload.size() >> shift));
  }
  return out.append(payload);
}

std::string base64(std::string_view bytes) {
  std::string out(base64_size(bytes.size()) + 1, '\0');
  out.resize(static_cast<size_t>(put_base64(out.data(), bytes) - out.data()));
  return out;
}

// The same of every way to cut it.
std::string told(const std::vector<Step>& steps, Form form = Form::kGrpc,
                 const http::GrpcLimits& limits = {}) {
  const std::string whole = test::grpc_transcript(steps, form, limits, test::all_cutters()[0]);
  for (const test::Cutter& cutter : test::all_cutters()) {
    CHECK(test::grpc_transcript(steps, form, limits, cutter) == whole);
  }
  return whole;
}

// What must be told when [from, to) of these messages is missing.
std::string expected_with_gap(const std::vector<std::string>& payloads, size_t from, size_t to) {
  const auto step_of = [&](size_t at) -> uint64_t { return at < from ? 1 : at < to ? 2 : 3; };
  std::string text;
  uint64_t messages = 0;
  size_t head = 0;
  for (const std::string& payload : payloads) {
    const size_t begin = head + 5;
    const size_t end = begin + payload.size();
    if (from < begin && to > head) break;
    const size_t first = std::clamp(from, begin, end) - begin;
    const size_t second = std::clamp(to, begin, end) - begin;
    text += "message " + std::to_string(messages++) + " of " + std::to_string(payload.size());
    if (first == second) {
      text += payload.empty() ? "" : "\n  @0 " + payload;
    } else {
      if (first > 0) text += "\n  @0 " + payload.substr(0, first);
      if (second < payload.size()) {
        text += "\n  @" + std::to_string(second) + " " + payload.substr(second);
      }
    }
    text += "\nend" + test::named("missing", second - first) + test::named("first", step_of(head)) +
            test::named("last", step_of(end - 1)) + "\n";
    head = end;
  }
  const bool is_lost = messages < payloads.size();
  if (is_lost) text += "fault gap at " + std::to_string(std::max(head, from)) + "\n";
  size_t size = 0;
  for (const std::string& payload : payloads) size += 5 + payload.size();
  return text + "counted" + test::named("messages", messages) + test::named("faults", is_lost) +
         test::named("missing", to - from) + test::named("unframed", is_lost ? size - to : 0) +
         "\n";
}

}  // namespace

TEST_SUITE("http/grpc_frames") {
  TEST_CASE("messages come out with flag, size and times, empty ones too") {
    const std::string body = message("hello") + message("") + message("zip", 1);
    CHECK(told({bytes_step(body.substr(0, 3)), bytes_step(body.substr(3, 5)),
                bytes_step(body.substr(8))}) ==
          "message 0 of 5\n  @0 hello\nend first=1 last=3\n"
          "message 1 of 0\nend first=3 last=3\n"
          "message 2 of 3 compressed\n  @0 zip\nend first=3 last=3\n"
          "counted messages=3\n");
  }

  TEST_CASE("a flag byte that gRPC does not have ends framing") {
    CHECK(told({bytes_step(message("a") + "\x02rest")}) ==
          "message 0 of 1\n  @0 a\nend first=1 last=1\nfault flags at 6\n"
          "counted messages=1 faults=1 unframed=5\n");
    CHECK(told({bytes_step(message("x", 0x80))}) ==
          "fault flags at 0\ncounted faults=1 unframed=6\n");
  }

  TEST_CASE("beyond the limit payload is counted, not told") {
    CHECK(told({bytes_step(message("0123456789") + message("ok"))}, Form::kGrpc,
               {.payload_bytes = 4}) ==
          "message 0 of 10\n  @0 0123\nend over_limit first=1 last=1\n"
          "message 1 of 2\n  @0 ok\nend first=1 last=1\ncounted messages=2 limits=1\n");
  }

  TEST_CASE("a body that ends too early is told") {
    const std::string body = message("hello");
    CHECK(told({bytes_step(body.substr(0, 7))}) ==
          "message 0 of 5\n  @0 he\nend cut first=1 last=1\nfault cut_message at 7\n"
          "counted messages=1 faults=1\n");
    CHECK(told({bytes_step(body.substr(0, 3))}) == "fault cut_head at 3\ncounted faults=1\n");
  }

  TEST_CASE("a gap anywhere: inside a payload it is skipped, else nothing is framed behind it") {
    const std::vector<std::string> payloads = {"alpha", "", "gamma-gamma", "d"};
    std::string body;
    for (const std::string& payload : payloads) body += message(payload);
    for (size_t at = 0; at < body.size(); ++at) {
      for (size_t len = 1; at + len <= body.size(); ++len) {
        CAPTURE(at);
        CAPTURE(len);
        CHECK(told(test::with_gap(body, at, len)) == expected_with_gap(payloads, at, at + len));
      }
    }
  }

  TEST_CASE("a gap of unknown length loses framing, and a proven boundary gives it back") {
    test::GrpcWriter writer;
    http::GrpcFrames frames(Form::kGrpc, {}, writer);
    frames.data(1, message("hello").substr(0, 7));
    frames.gap(2, http::GrpcFrames::kUnknownLength);
    CHECK_FALSE(frames.is_framed());
    frames.data(3, "rubbish");
    frames.resume();
    frames.data(4, message("again"));
    frames.close();
    CHECK(writer.lines.take() ==
          "message 0 of 5\n  @0 he\nend cut first=1 last=1\nfault gap at 7\n"
          "message 1 of 5 after_loss\n  @0 again\nend first=4 last=4\n");
    CHECK(frames.counters().unframed_bytes == 7);
    CHECK(frames.counters().missing_bytes == 0);
  }

  TEST_CASE("gRPC-Web ends with its trailers") {
    const std::string body = message("hi") + message("grpc-status:0\r\ngrpc-message:ok\r\n", 0x80);
    CHECK(told({bytes_step(body)}, Form::kWeb) ==
          "message 0 of 2\n  @0 hi\nend first=1 last=1\n"
          "trailers of 32\n  grpc-status=0\n  grpc-message=ok\nend first=1 last=1\n"
          "counted messages=1\n");
    CHECK(told({bytes_step(body + "x")}, Form::kWeb).find("fault after_trailers at 44\n") !=
          std::string::npos);
    // Of trailers with a gap, and of those over the limit, whole lines are told.
    CHECK(told(test::with_gap(body, 41, 1), Form::kWeb) ==
          "message 0 of 2\n  @0 hi\nend first=1 last=1\n"
          "trailers of 32\n  grpc-status=0\nend missing=1 first=1 last=3\n"
          "counted messages=1 missing=1\n");
    CHECK(told({bytes_step(body)}, Form::kWeb, {.trailer_bytes = 29}) ==
          "message 0 of 2\n  @0 hi\nend first=1 last=1\n"
          "trailers of 32\n  grpc-status=0\nend over_limit first=1 last=1\n"
          "counted messages=1 limits=1\n");
    // Compressed ones are the owner's to inflate.
    CHECK(told({bytes_step(message("zzz", 0x81))}, Form::kWeb) ==
          "trailers of 3 compressed\n  @0 zzz\nend first=1 last=1\ncounted\n");
  }

  TEST_CASE("gRPC-Web as text is base64, also of several padded parts") {
    const std::string first = message("hello");
    const std::string second = message("you") + message("grpc-status:0\r\n", 0x80);
    const std::string expected =
        "message 0 of 5\n  @0 hello\nend first=1 last=1\n"
        "message 1 of 3\n  @0 you\nend first=1 last=1\n"
        "trailers of 15\n  grpc-status=0\nend first=1 last=1\ncounted messages=2\n";
    CHECK(told({bytes_step(base64(first + second))}, Form::kWebText) == expected);
    CHECK(told({bytes_step(base64(first) + base64(second))}, Form::kWebText) == expected);
    for (size_t cut = 1; cut < first.size(); ++cut) {
      const std::string text = base64(first.substr(0, cut)) + base64(first.substr(cut) + second);
      CHECK(told({bytes_step(text)}, Form::kWebText) == expected);
    }
    const std::string big(20000, 'x');  // longer than what is decoded in one go
    CHECK(told({bytes_step(base64(message(big)))}, Form::kWebText) ==
          "message 0 of 20000\n  @0 " + big + "\nend first=1 last=1\ncounted messages=1\n");
  }

  TEST_CASE("what is no base64 ends framing where it stands") {
    const std::string text = base64(message("hello!"));  // 16 characters, the last is padding
    CHECK(told({bytes_step(text.substr(0, 9) + "*" + text.substr(10))}, Form::kWebText) ==
          "message 0 of 6\n  @0 h\nend cut first=1 last=1\nfault base64 at 9\n"
          "counted messages=1 faults=1 unframed=7\n");
    CHECK(told({bytes_step(text.substr(0, 14))}, Form::kWebText).find("fault base64 at 14\n") !=
          std::string::npos);
    for (const char* wrong : {"=", "A=", "AA=A", "AA\n", "AAA-", "A==="}) {
      CAPTURE(wrong);
      CHECK(told({bytes_step(wrong)}, Form::kWebText).find("fault base64") != std::string::npos);
    }
    // How many of the missing characters were padding is not known.
    CHECK(told(test::with_gap(text, 8, 4), Form::kWebText) ==
          "message 0 of 6\n  @0 h\nend cut first=1 last=1\nfault gap at 6\n"
          "counted messages=1 faults=1 missing=4 unframed=4\n");
  }
}
