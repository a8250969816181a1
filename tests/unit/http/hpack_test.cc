// SPDX-License-Identifier: Apache-2.0
#include "http/hpack.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "../support/h2_writer.h"
#include "http/hpack_scan.h"

using namespace qtap;
using http::HpackDecoder;
using test::hpack_block;

namespace {

class Fields final : public http::HpackSink {
 public:
  void on_field(std::string_view name, std::string_view value) override {
    list.push_back((name.empty() ? "?" : std::string(name)) + ": " + std::string(value));
  }
  void on_unknown_field() override { list.emplace_back("?"); }
  std::vector<std::string> list;
};

class Again final : public http::HpackSink {
 public:
  void on_field(std::string_view name, std::string_view) override { list.emplace_back(name); }
  void on_field_again(std::string_view name, std::string_view) override {
    list.push_back("again " + std::string(name));
  }
  void on_unknown_field() override {}
  std::vector<std::string> list;
};

std::span<const uint8_t> bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

using List = std::vector<std::string>;

List decoded(HpackDecoder& decoder, const List& lines, size_t piece = SIZE_MAX) {
  Fields fields;
  const std::string block = hpack_block(lines);
  for (size_t at = 0; at < block.size();) {
    const size_t len = std::min(piece, block.size() - at);
    const bool last = at + len == block.size();
    if (!decoder.add(bytes(block).subspan(at, len), last, fields)) return {"broken"};
    at += len;
  }
  return fields.list;
}

}  // namespace

TEST_SUITE("http/hpack") {
  TEST_CASE("only what was told before is told again") {
    const std::string block =
        hpack_block({"#2", "+a: 1", "#62", "#62: 2", "+#62: 3", "b: 4", "#62"});
    HpackDecoder decoder(/*exact=*/true);
    Again whole;
    CHECK(decoder.add(bytes(block), true, whole));
    CHECK(whole.list == List{"again :method", "a", "again a", "a", "a", "b", "again a"});
    // Behind a cut it is not known where a field begins: \x82 in a value is no reference.
    const std::string literal = std::string("\x40\x01x\x01\x82", 5);
    Again cut;
    CHECK(decoder.add(bytes(literal).first(4), false, cut));
    CHECK(decoder.add(bytes(literal).subspan(4), true, cut));
    CHECK(cut.list == List{"x"});
    HpackDecoder late(/*exact=*/false);
    Again unsure;
    CHECK(late.add(bytes(block), true, unsure));
    CHECK(unsure.list == List{":method", "a", "a", "a", "a", "b", "a"});
  }

  TEST_CASE("what is inserted is referred to later, counting from the newest") {
    for (const bool exact : {true, false}) {
      for (const size_t piece : {size_t{1}, size_t{3}, SIZE_MAX}) {
        HpackDecoder decoder(exact);
        CHECK(decoded(decoder, {"#2", "+a: 1", "+b: 2"}, piece) ==
              List{":method: GET", "a: 1", "b: 2"});
        CHECK(decoded(decoder, {"#62", "#63", "+#63: 3", "#62"}, piece) ==
              List{"b: 2", "a: 1", "a: 3", "a: 3"});
      }
    }
  }

  TEST_CASE(
      "a reference beyond the table is an error from the start, and unknown when joined late") {
    HpackDecoder exact(/*exact=*/true);
    CHECK(decoded(exact, {"#62"}) == List{"broken"});
    CHECK(decoded(exact, {"#2"}) == List{"broken"});  // nothing later can be trusted either
    HpackDecoder late(/*exact=*/false);
    CHECK(decoded(late, {"#62", "+a: 1", "#62", "#63"}) == List{"?", "a: 1", "a: 1", "?"});
  }

  TEST_CASE("what is read without nghttp2 keeps its rules") {
    for (const size_t piece : {size_t{1}, size_t{2}, SIZE_MAX}) {
      CAPTURE(piece);
      const auto read = [piece](const List& lines) {
        HpackDecoder decoder(/*exact=*/true);
        return decoded(decoder, lines, piece);
      };
      CHECK(read({"#2", "#4", "#62"}) == List{"broken"});
      // RFC 7541, 4.2: size updates come first.
      CHECK(read({"size 0", "#2"}) == List{":method: GET"});
      CHECK(read({"#2", "size 0"}) == List{"broken"});
      CHECK(read({"#2", "#2", "size 0"}) == List{"broken"});
      // The index of 127 is the first of two bytes.
      List lines;
      for (int i = 0; i < 67; ++i) lines.push_back("+x: " + std::to_string(i));
      const size_t inserted = lines.size();
      lines.insert(lines.end(), {"#126", "#127", "#128", "#2"});
      const List fields = read(lines);
      CHECK(List(fields.begin() + static_cast<ptrdiff_t>(std::min(inserted, fields.size())),
                 fields.end()) == List{"x: 2", "x: 1", "x: 0", ":method: GET"});
    }
  }

  TEST_CASE("a literal with an unknown name keeps its value, also when it is referred to") {
    HpackDecoder late(/*exact=*/false);
    CHECK(decoded(late, {"#70: v", "+#71: w", "#62", "#63"}) == List{"?: v", "?: w", "?: w", "?"});
  }

  TEST_CASE("after a loss older entries are unknown, and later ones exact") {
    HpackDecoder decoder(/*exact=*/true);
    CHECK(decoded(decoder, {"+a: 1"}) == List{"a: 1"});
    decoder.lose();
    CHECK(decoded(decoder, {"#62", "+b: 2", "#62", "#63"}) == List{"?", "b: 2", "b: 2", "?"});
  }

  TEST_CASE("joined late, an entry stays as long as any encoder can have it") {
    HpackDecoder late(/*exact=*/false);
    List lines = {"+first: 1"};
    // 1000 entries of 32 + 3 + 1 bytes: more than a table of 4 KiB holds, less than 64 KiB.
    for (int i = 0; i < 1000; ++i) lines.emplace_back("+x-y: 1");
    decoded(late, lines);
    CHECK(decoded(late, {"#1062"}) == List{"first: 1"});
    CHECK(decoded(late, {"#1063"}) == List{"?"});
  }

  TEST_CASE("size updates are followed in either state, and bounded when joined late") {
    HpackDecoder exact(/*exact=*/true);
    CHECK(decoded(exact, {"+a: 1"}) == List{"a: 1"});
    CHECK(decoded(exact, {"size 0", "size 4096", "#62"}) == List{"broken"});
    HpackDecoder late(/*exact=*/false);
    CHECK(decoded(late, {"+a: 1"}) == List{"a: 1"});
    CHECK(decoded(late, {"size 0", "size 4294967295", "#62", "+b: 2", "#62"}) ==
          List{"?", "b: 2", "b: 2"});
  }

  TEST_CASE("a larger table than 64 KiB is not followed: what is beyond is unknown") {
    HpackDecoder decoder(/*exact=*/true);
    CHECK(decoded(decoder, {"+a: 1"}) == List{"a: 1"});
    decoder.set_max_table(1u << 20);
    CHECK(decoded(decoder, {"size 1048576", "#62"}) == List{"a: 1"});
    List lines;
    for (int i = 0; i < 3000; ++i) lines.emplace_back("+x-y: 1");
    decoded(decoder, lines);
    CHECK(decoded(decoder, {"#3062"}) == List{"?"});
  }

  TEST_CASE("a smaller table that was announced must be acknowledged by the encoder") {
    HpackDecoder decoder(/*exact=*/true);
    CHECK(decoded(decoder, {"+a: 1"}) == List{"a: 1"});
    decoder.set_max_table(0);
    SUBCASE("with it") {
      CHECK(decoded(decoder, {"size 0", "#2"}) == List{":method: GET"});
    }
    SUBCASE("without it") {
      CHECK(decoded(decoder, {"#2"}) == List{"broken"});
    }
  }

  TEST_CASE("half a representation at the end of a block is an error in either state") {
    for (const bool exact : {true, false}) {
      HpackDecoder decoder(exact);
      Fields fields;
      const std::string half(
          "\x40\x05"
          "ab",
          4);
      CHECK_FALSE(decoder.add(bytes(half), /*last=*/true, fields));
    }
  }

  TEST_CASE("numbers without end and index 0 are broken") {
    using Kind = http::HpackItem::Kind;
    CHECK(http::scan_hpack(bytes("\xff\xff\xff\xff\xff\xff\xff")).kind == Kind::kBroken);
    CHECK(http::scan_hpack(bytes("\x80")).kind == Kind::kBroken);
    CHECK(http::scan_hpack(bytes("\xff\xff")).kind == Kind::kNeedMore);
    CHECK(http::scan_hpack({}).kind == Kind::kNeedMore);
  }
}
