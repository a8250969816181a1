// SPDX-License-Identifier: Apache-2.0
#include "http/websocket_inflate.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

#include "websocket_transcript.h"

using namespace qtap;
using test::bytes_step;
using test::from_hex;
using test::gap_step;
using test::Step;
using test::WebSocketSetup;

namespace {

std::string told(const std::vector<Step>& steps, const WebSocketSetup& setup) {
  const std::string whole = test::websocket_transcript(steps, setup, test::all_cutters()[0]);
  for (const test::Cutter& cutter : test::all_cutters()) {
    CHECK(test::websocket_transcript(steps, setup, cutter) == whole);
  }
  return whole;
}

WebSocketSetup deflating(bool takes_over = true, uint8_t window_bits = 15) {
  WebSocketSetup setup;
  setup.deflate = {.takes_over = takes_over, .window_bits = window_bits};
  return setup;
}

std::string told_hex(const char* hex) {
  return told({bytes_step(from_hex(hex))}, deflating());
}

// What a sender makes of messages (RFC 7692, 7.2.1), one zlib stream for all.
class Deflater {
 public:
  explicit Deflater(int window_bits = 15, bool takes_over = true) : takes_over_(takes_over) {
    REQUIRE(deflateInit2(&stream_, 9, Z_DEFLATED, -window_bits, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~Deflater() { deflateEnd(&stream_); }
  std::string message(std::string text) {
    std::string out(deflateBound(&stream_, text.size()) + 64, '\0');
    if (!takes_over_) deflateReset(&stream_);
    stream_.next_in = reinterpret_cast<Bytef*>(text.data());
    stream_.avail_in = static_cast<uInt>(text.size());
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(out.size());
    REQUIRE(deflate(&stream_, Z_SYNC_FLUSH) == Z_OK);
    out.resize(out.size() - stream_.avail_out - 4);
    return out;
  }

 private:
  z_stream stream_ = {};
  bool takes_over_;
};

std::string frame(uint8_t first, std::string_view payload) {
  std::string out(1, static_cast<char>(first));
  if (payload.size() < 126) {
    out.push_back(static_cast<char>(payload.size()));
  } else {
    REQUIRE(payload.size() < 65536);
    out += {'\x7e', static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size())};
  }
  return out.append(payload);
}

}  // namespace

TEST_SUITE("http/websocket_inflate") {
  TEST_CASE("the examples of RFC 7692, 7.2.3") {
    const std::string hello = "text 0\n  @0 Hello\nend inflated";
    const std::string counted = " decoded=5 first=1 last=1\ncounted messages=1\n";
    CHECK(told_hex("c1 07 f2 48 cd c9 c9 07 00") ==
          hello + " fragments=1 heads=2 wire=7" + counted);
    CHECK(told_hex("41 03 f2 48 cd 80 04 c9 c9 07 00") ==
          hello + " fragments=2 heads=4 wire=7" + counted);
    CHECK(told_hex("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00") ==
          hello +
              " fragments=1 heads=2 wire=7 decoded=5 first=1 last=1\n"
              "text 1\n  @0 Hello\nend inflated fragments=1 heads=2 wire=5 decoded=5 first=1 "
              "last=1\ncounted messages=2\n");
    CHECK(told_hex("c1 0b 00 05 00 fa ff 48 65 6c 6c 6f 00") ==
          hello + " fragments=1 heads=2 wire=11" + counted);
    CHECK(told_hex("c1 08 f3 48 cd c9 c9 07 00 00") ==
          hello + " fragments=1 heads=2 wire=8" + counted);
    CHECK(told_hex("c1 0d f2 48 05 00 00 00 ff ff ca c9 c9 07 00") ==
          hello + " fragments=1 heads=2 wire=13" + counted);
    // 7.2.3.6: an empty message.
    CHECK(told_hex("c1 01 00") ==
          "text 0\nend inflated fragments=1 heads=2 wire=1 first=1 last=1\ncounted messages=1\n");
  }

  TEST_CASE("the window outlives a final block") {
    CHECK(
        told_hex("c1 08 f3 48 cd c9 c9 07 00 00 c1 05 f2 00 11 00 00").find("text 1\n  @0 Hello") !=
        std::string::npos);
  }

  TEST_CASE("messages that are not compressed come between, and leave the window alone") {
    CHECK(
        told_hex("c1 07 f2 48 cd c9 c9 07 00 81 01 61 c1 05 f2 00 11 00 00")
            .find("text 1\n  @0 a\nend plain fragments=1 heads=2 wire=1 decoded=1 first=1 last=1\n"
                  "text 2\n  @0 Hello\nend inflated") != std::string::npos);
  }

  TEST_CASE("without context takeover each message stands alone") {
    CHECK(told({bytes_step(from_hex("c1 07 f2 48 cd c9 c9 07 00 c1 05 f2 00 11 00 00"))},
               deflating(false))
              .find("text 1\n  @0 H\nend broken") != std::string::npos);
  }

  TEST_CASE("RSV1 belongs to the first frame of a message only") {
    CHECK(told_hex("41 03 f2 48 cd c0 04 c9 c9 07 00").find("fault reserved_bits at 5") !=
          std::string::npos);
    CHECK(told_hex("c9 00").find("fault reserved_bits at 0") != std::string::npos);
  }

  TEST_CASE("long messages are inflated with each window, with and without takeover") {
    for (const int bits : {9, 12, 15}) {
      for (const bool takes_over : {true, false}) {
        Deflater deflater(bits, takes_over);
        std::string stream;
        std::string expected;
        for (size_t i = 0; i < 4; ++i) {
          std::string text;
          while (text.size() < 20000) {
            text += "line " + std::to_string(text.size() * 7919 % (1000 + i)) + ";";
          }
          const std::string payload = deflater.message(text);
          stream += frame(0x41, std::string_view(payload).substr(0, 100)) + frame(0x89, "") +
                    frame(0x80, std::string_view(payload).substr(100));
          expected += text;
        }
        const std::string out =
            told({bytes_step(stream)}, deflating(takes_over, static_cast<uint8_t>(bits)));
        std::string joined;
        for (size_t at = out.find("  @"); at != std::string::npos; at = out.find("  @", at + 1)) {
          const size_t begin = out.find(' ', at + 2) + 1;
          joined += out.substr(begin, out.find('\n', begin) - begin);
        }
        CHECK(joined == expected);
        CHECK(out.ends_with("counted messages=4 control=4\n"));
      }
    }
  }

  TEST_CASE("a window that is smaller than what the sender used is broken data") {
    Deflater deflater;
    std::string noise;
    uint32_t state = 1;
    for (int i = 0; i < 2000; ++i) {
      state = state * 1664525 + 1013904223;
      noise.push_back(static_cast<char>(state >> 24));
    }
    const std::string stream = frame(0xc2, deflater.message(noise + noise));
    CHECK(told({bytes_step(stream)}, deflating(true, 9)).find("end broken") != std::string::npos);
    CHECK(told({bytes_step(stream)}, deflating()).find("end inflated") != std::string::npos);
  }

  TEST_CASE("data that is no deflate, or ends inside a block, is broken, and framing goes on") {
    for (const char* wrong : {"c1 02 07 07", "c1 00", "c1 04 f2 48 cd c9"}) {
      const std::string text =
          told({bytes_step(from_hex(wrong) + from_hex("c1 01 00 81 01 61"))}, deflating());
      CAPTURE(wrong);
      CHECK(text.find("end broken") != std::string::npos);
      CHECK(text.find("end no_context") != std::string::npos);
      CHECK(text.find("text 2\n  @0 a\nend plain") != std::string::npos);
    }
  }

  TEST_CASE("a gap in a compressed message ends decoding: of it, and with takeover of all") {
    const std::string hello = from_hex("c1 07 f2 48 cd c9 c9 07 00");
    const std::string later = from_hex("c1 01 00") + hello;
    for (size_t at = 2; at < hello.size(); ++at) {
      for (size_t len = 1; at + len <= hello.size(); ++len) {
        for (const bool takes_over : {true, false}) {
          const std::string text =
              told(test::with_gap(hello + later, at, len), deflating(takes_over));
          CAPTURE(text);
          CHECK(text.find("end gap fragments=1 heads=2 wire=7") != std::string::npos);
          CHECK(text.find("binary") == std::string::npos);
          const bool decodes_later =
              text.find("text 2\n  @0 Hello\nend inflated") != std::string::npos;
          CHECK(decodes_later == !takes_over);
          CHECK(text.find(takes_over ? " not_decodable=3" : " not_decodable=1") !=
                std::string::npos);
          CHECK(text.find("end no_context fragments=1 heads=2 wire=7 first=3 last=3\n") !=
                (takes_over ? std::string::npos : 0));
        }
      }
    }
    // A gap in a message that is not compressed costs no context.
    CHECK(told({bytes_step(hello + from_hex("81 02")), gap_step(2),
                bytes_step(from_hex("c1 05 f2 00 11 00 00"))},
               deflating())
              .find("text 2\n  @0 Hello\nend inflated") != std::string::npos);
  }

  TEST_CASE("a bomb ends at the limit of output, exactly") {
    Deflater deflater;
    const std::string stream = frame(0xc2, deflater.message(std::string(100000, 'x')));
    WebSocketSetup setup = deflating();
    setup.limits.inflate.output_bytes = 777;
    const std::string text = told({bytes_step(stream + from_hex("c1 01 00"))}, setup);
    CHECK(text.find("  @0 " + std::string(777, 'x') + "\nend limit over_limit") !=
          std::string::npos);
    CHECK(text.find(" decoded=777 ") != std::string::npos);
    CHECK(text.find("end no_context") != std::string::npos);
    CHECK(text.find(" limits=1 ") != std::string::npos);
  }

  TEST_CASE("a bomb ends at the limit of its ratio") {
    Deflater deflater;
    const std::string payload = deflater.message(std::string(4u << 20, 'x'));
    WebSocketSetup setup = deflating();
    setup.limits.payload_bytes = 10;
    setup.limits.inflate.ratio = 100;
    setup.limits.inflate.ratio_free_bytes = 1000;
    const std::string text = told({bytes_step(frame(0xc2, payload))}, setup);
    CHECK(text.find("end limit over_limit") != std::string::npos);
    const uint64_t decoded = std::stoull(text.substr(text.find(" decoded=") + 9));
    CHECK(decoded > 102400);  // 1024 bytes are looked at together
    CHECK(decoded < 1u << 21);
  }
}
