// SPDX-License-Identifier: Apache-2.0
#include "http/websocket.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "websocket_transcript.h"

using namespace qtap;
using Masking = http::WebSocketSide::Masking;
using test::bytes_step;
using test::from_hex;
using test::gap_step;
using test::Step;
using test::WebSocketSetup;

namespace {

// The same of every way to cut it.
std::string told(const std::vector<Step>& steps, const WebSocketSetup& setup = {}) {
  const std::string whole = test::websocket_transcript(steps, setup, test::all_cutters()[0]);
  for (const test::Cutter& cutter : test::all_cutters()) {
    CHECK(test::websocket_transcript(steps, setup, cutter) == whole);
  }
  return whole;
}

std::string told_hex(const char* hex, Masking masking = Masking::kServer) {
  return told({bytes_step(from_hex(hex))}, {.masking = masking});
}

std::string fault_of(const char* hex, Masking masking = Masking::kServer) {
  const std::string text = told_hex(hex, masking);
  const size_t at = text.find("fault ");
  return at == std::string::npos ? "none" : text.substr(at + 6, text.find('\n', at) - at - 6);
}

// A frame as a server sends it.
std::string frame(uint8_t first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(payload.size()));
  } else if (payload.size() < 65536) {
    out += {'\x7e', static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  } else {
    out.push_back('\x7f');
    for (int shift = 56; shift >= 0; shift -= 8) {
      out.push_back(static_cast<char>(static_cast<uint64_t>(payload.size()) >> shift));
    }
  }
  return out.append(payload);
}

std::string close_frame(uint16_t code, std::string_view reason) {
  std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code)};
  return frame(0x88, payload.append(reason));
}

}  // namespace

TEST_SUITE("http/websocket") {
  TEST_CASE("the examples of RFC 6455, 5.7") {
    const char* const kEnd = " first=1 last=1\ncounted messages=1\n";
    CHECK(told_hex("81 05 48 65 6c 6c 6f") ==
          std::string("text 0\n  @0 Hello\nend plain fragments=1 heads=2 wire=5 decoded=5") + kEnd);
    CHECK(told_hex("81 85 37 fa 21 3d 7f 9f 4d 51 58", Masking::kClient) ==
          std::string("text 0\n  @0 Hello\nend plain fragments=1 heads=6 wire=5 decoded=5") + kEnd);
    CHECK(told_hex("01 03 48 65 6c 80 02 6c 6f") ==
          std::string("text 0\n  @0 Hello\nend plain fragments=2 heads=4 wire=5 decoded=5") + kEnd);
    CHECK(told_hex("89 05 48 65 6c 6c 6f") == "ping \"Hello\" first=1 last=1\ncounted control=1\n");
    CHECK(told_hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58", Masking::kClient) ==
          "pong \"Hello\" first=1 last=1\ncounted control=1\n");
    for (const size_t size : {size_t{256}, size_t{65536}}) {
      const std::string payload(size, 'x');
      CHECK(told({bytes_step(frame(0x82, payload))}) ==
            "binary 0\n  @0 " + payload +
                "\nend plain fragments=1 heads=" + (size == 256 ? "4" : "10") +
                test::named("wire", size) + test::named("decoded", size) + kEnd);
    }
  }

  TEST_CASE("control frames come between the fragments of a message, in their order and time") {
    CHECK(told({bytes_step(frame(0x01, "Hel")), bytes_step(frame(0x89, "p")),
                bytes_step(frame(0x00, "")), bytes_step(frame(0x80, "lo")),
                bytes_step(frame(0x82, ""))}) ==
          "text 0\n  @0 Hel\nping \"p\" first=2 last=2\n  @3 lo\n"
          "end plain fragments=3 heads=6 wire=5 decoded=5 first=1 last=4\n"
          "binary 1\nend plain fragments=1 heads=2 first=5 last=5\n"
          "counted messages=2 control=1\n");
  }

  TEST_CASE("a close frame has a code and a reason, and nothing follows it") {
    CHECK(told({bytes_step(close_frame(1000, "bye"))}) ==
          "close \"\\x03\\xe8bye\" code=1000 reason=\"bye\" first=1 last=1\ncounted control=1\n");
    CHECK(told({bytes_step(frame(0x88, ""))}) == "close \"\" first=1 last=1\ncounted control=1\n");
    CHECK(told({bytes_step(frame(0x88, "x"))}).find("\"x\" bad") != std::string::npos);
    for (const int code : {999, 1004, 1005, 1006, 1015, 2999, 5000}) {
      CHECK(told({bytes_step(close_frame(static_cast<uint16_t>(code), ""))}).find(" bad ") !=
            std::string::npos);
    }
    for (const int code : {1000, 1003, 1007, 1014, 3000, 4999}) {
      CHECK(told({bytes_step(close_frame(static_cast<uint16_t>(code), ""))}).find(" bad") ==
            std::string::npos);
    }
    CHECK(told({bytes_step(close_frame(1000, "\xff"))}).find(" bad ") != std::string::npos);
    CHECK(told({bytes_step(frame(0x88, "") + frame(0x81, "x"))}) ==
          "close \"\" first=1 last=1\nfault after_close at 2\n"
          "counted control=1 faults=1 unframed=3\n");
    CHECK(told({bytes_step(frame(0x01, "x") + frame(0x88, ""))}) ==
          "text 0\n  @0 x\nclose \"\" first=1 last=1\n"
          "end plain cut fragments=1 heads=2 wire=1 decoded=1 first=1 last=1\n"
          "counted messages=1 control=1\n");
  }

  TEST_CASE("what RFC 6455 forbids ends framing at the frame that is wrong") {
    CHECK(fault_of("81 00 a1 00") == "reserved_bits at 2");
    CHECK(fault_of("91 00") == "reserved_bits at 0");
    CHECK(fault_of("c1 00") == "reserved_bits at 0");  // no permessage-deflate
    CHECK(fault_of("83 00") == "opcode at 0");
    CHECK(fault_of("8b 00") == "opcode at 0");
    CHECK(fault_of("81 80 00 00 00 00") == "mask at 0");
    CHECK(fault_of("81 00", Masking::kClient) == "mask at 0");
    CHECK(fault_of("09 00") == "fragmented_control at 0");
    CHECK(fault_of("89 7e 00 7e") == "long_control at 0");
    CHECK(fault_of("82 7e 00 7d") == "length at 0");
    CHECK(fault_of("82 7f 00 00 00 00 00 00 ff ff") == "length at 0");
    CHECK(fault_of("82 7f 80 00 00 00 00 01 00 00") == "length at 0");
    CHECK(fault_of("80 00") == "stray_continuation at 0");
    CHECK(fault_of("01 00 81 00") == "interleaved at 2");
    CHECK(fault_of("81 05 48") == "cut_frame at 3");
    CHECK(fault_of("81") == "cut_frame at 1");
    CHECK(fault_of("01 01 48") == "cut_message at 3");
    CHECK(told_hex("83 00 01 02 03") == "fault opcode at 0\ncounted faults=1 unframed=4\n");
  }

  TEST_CASE("a text that is no UTF-8 is marked, whatever the cut, and framing goes on") {
    const std::string euro = "\xe2\x82\xac";
    CHECK(told({bytes_step(frame(0x01, "a\xe2") + frame(0x80, "\x82\xac"))}).find("bad_text") ==
          std::string::npos);
    for (const char* wrong : {"\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\x80", "\xe2\x82",
                              "12345678\xff", "\xf4\x90\x80\x80"}) {
      const std::string text = told({bytes_step(frame(0x81, wrong) + frame(0x81, euro))});
      CHECK(text.find("end plain bad_text") != std::string::npos);
      CHECK(text.find("counted messages=2 bad=1\n") != std::string::npos);
    }
    CHECK(told({bytes_step(frame(0x82, "\xff"))}).find("bad") == std::string::npos);
  }

  TEST_CASE("beyond the limit payload is counted, not told") {
    WebSocketSetup setup;
    setup.limits.payload_bytes = 3;
    CHECK(told({bytes_step(frame(0x01, "He") + frame(0x80, "llo"))}, setup) ==
          "text 0\n  @0 Hel\nend plain over_limit fragments=2 heads=4 wire=5 decoded=5 first=1 "
          "last=1\ncounted messages=1 limits=1\n");
  }

  TEST_CASE("a gap anywhere: inside a payload it is skipped, else nothing is framed behind it") {
    // Masked, so that the mask must keep its place behind a gap.
    const std::string payload = "0123456789";
    std::string stream;
    for (int i = 0; i < 3; ++i) {
      stream += from_hex("82 8a 11 22 33 44");
      for (size_t k = 0; k < payload.size(); ++k) {
        stream.push_back(static_cast<char>(payload[k] ^ (0x11 * static_cast<int>(k % 4 + 1))));
      }
    }
    constexpr size_t kFrame = 16;
    for (size_t at = 0; at < stream.size(); ++at) {
      for (size_t len = 1; at + len <= stream.size(); ++len) {
        const size_t to = at + len;
        std::string expected;
        size_t messages = 0;
        for (size_t head = 0; head < stream.size(); head += kFrame, ++messages) {
          const size_t begin = head + 6;
          const size_t end = head + kFrame;
          if (at < begin && to > head) break;
          const size_t first = std::clamp(at, begin, end) - begin;
          const size_t second = std::clamp(to, begin, end) - begin;
          expected += "binary " + std::to_string(messages);
          if (first == second) {
            expected += "\n  @0 " + payload;
          } else {
            if (first > 0) expected += "\n  @0 " + payload.substr(0, first);
            if (second < 10) {
              expected += "\n  @" + std::to_string(second) + " " + payload.substr(second);
            }
          }
          const auto step_of = [&](size_t byte) { return byte < at ? 1u : byte < to ? 2u : 3u; };
          expected += "\nend plain fragments=1 heads=6 wire=10 decoded=10" +
                      test::named("missing", second - first) + test::named("first", step_of(head)) +
                      test::named("last", step_of(end - 1)) + "\n";
        }
        const bool is_lost = messages < 3;
        if (is_lost) {
          expected += "fault gap at " + std::to_string(std::max(at, messages * kFrame)) + "\n";
        }
        expected += "counted" + test::named("messages", messages) + test::named("faults", is_lost) +
                    test::named("missing", len) +
                    test::named("unframed", is_lost ? stream.size() - to : 0) + "\n";
        CAPTURE(at);
        CAPTURE(len);
        CHECK(told(test::with_gap(stream, at, len), {.masking = Masking::kClient}) == expected);
      }
    }
  }

  TEST_CASE("a gap in a control frame leaves its code unknown") {
    CHECK(told(test::with_gap(close_frame(1000, "bye"), 2, 2)) ==
          "close \"bye\" missing=2 first=1 last=3\ncounted control=1 missing=2\n");
  }

  TEST_CASE("a gap of unknown length loses framing, and the message is cut") {
    test::WebSocketWriter writer;
    http::WebSocketSide side(Masking::kServer, std::nullopt, {}, writer);
    side.data(1, frame(0x81, "hello").substr(0, 4));
    side.gap(2, http::WebSocketSide::kUnknownLength);
    side.data(3, frame(0x81, "again"));
    CHECK_FALSE(side.is_framed());
    CHECK(side.counters().unframed_bytes == 7);
    CHECK(writer.lines.take() ==
          "text 0\n  @0 he\nend plain cut fragments=1 heads=2 wire=2 decoded=2 first=1 last=1\n"
          "fault gap at 4\n");
  }

  TEST_CASE("a text with a gap is not checked behind it, but what was wrong before stays") {
    CHECK(told(test::with_gap(frame(0x81,
                                    "a\xff"
                                    "bcde"),
                              5, 1))
              .find("end plain bad_text") != std::string::npos);
    CHECK(told(test::with_gap(frame(0x81, "a\xe2\x82\xac"), 3, 1)).find("bad") ==
          std::string::npos);
  }
}
