// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <doctest/doctest.h>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/sha256.h"
#include "base/utf8.h"

using namespace qtap;

namespace {

std::string json_of(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string base64(std::string_view bytes) {
  std::string out(base64_size(bytes.size()) + 1, '?');
  char* const end = put_base64(out.data(), bytes);
  CHECK(end == out.data() + out.size() - 1);
  out.pop_back();
  return out;
}

}  // namespace

TEST_SUITE("base/text") {
  TEST_CASE("a host is loopback by its address or as localhost") {
    for (const char* host : {"localhost", "localhost:80", "127.0.0.1", "127.9.9.9:1", "[::1]:1"}) {
      CHECK(is_loopback(host));
    }
    for (const char* host : {"", "127.example.com", "localhost.example", "[::2]", "10.0.0.1:127"}) {
      CHECK_FALSE(is_loopback(host));
    }
  }

  TEST_CASE("times are RFC 3339 in UTC with nanoseconds") {
    CHECK(rfc3339(0) == "1970-01-01T00:00:00.000000000Z");
    CHECK(rfc3339(1'772'359'200'000'000'001) == "2026-03-01T10:00:00.000000001Z");
    CHECK(rfc3339(-1) == "1969-12-31T23:59:59.999999999Z");
  }

  TEST_CASE("sizes and durations are readable") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(1023) == "1023 B");
    CHECK(human_bytes(2048) == "2.0 KB");
    CHECK(human_bytes(10 << 20) == "10.0 MB");
    CHECK(human_bytes((1 << 20) - 1) == "1.0 MB");
    CHECK(human_bytes(UINT64_MAX) == "16.0 EB");
    CHECK(human_us(350) == "350 µs");
    CHECK(human_us(27'300) == "27 ms");
    CHECK(human_us(1'250'000) == "1.2 s");
  }

  TEST_CASE("the base name is what stands behind the last slash") {
    CHECK(base_name("/usr/bin/curl") == "curl");
    CHECK(base_name("curl") == "curl");
    CHECK(base_name("") == "");
  }
}

TEST_SUITE("base/json_writer") {
  TEST_CASE("quotes, backslashes and control characters are escaped") {
    CHECK(json_of("a\"b\\c\n\r\t\x01\x7f") == "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f\"");
  }

  TEST_CASE("UTF-8 stays, other bytes are read as ISO 8859-1") {
    CHECK(json_of("é€😀") == "\"é€😀\"");
    CHECK(json_of("caf\xe9") == "\"café\"");
    CHECK(json_of("\xed\xa0\x80") ==
          "\"í\xc2\xa0\\u0080\"");  // a surrogate is no character (RFC 3629, 3)
  }

  TEST_CASE("C1 controls cannot reach a terminal, as characters or as raw bytes") {
    CHECK(json_of("\xc2\x80 \xc2\x9b \xc2\x9f") == "\"\\u0080 \\u009b \\u009f\"");
    CHECK(json_of("\x9b"
                  "2J") == "\"\\u009b2J\"");
    CHECK(json_of("\xc2\xa0") == "\"\xc2\xa0\"");  // the first that is none
  }

  TEST_CASE("texts of any length, escapes and characters at any place") {
    for (const size_t at : {0u, 1u, 7u, 8u, 9u, 1015u, 1022u, 1023u, 1024u, 1025u, 5000u}) {
      for (const std::string piece : {"é", "😀", "\xff", "\"", "\x01"}) {
        CAPTURE(at);
        CAPTURE(piece);
        const std::string filling(at, 'x');
        std::string inner = json_of(piece);
        inner = inner.substr(1, inner.size() - 2);
        CHECK(json_of(filling + piece + filling) == "\"" + filling + inner + filling + "\"");
      }
    }
    CHECK(json_of(std::string(3000, '\x02')).size() == 2 + 3000 * 6);
  }

  TEST_CASE("each byte of ASCII at any place of a short text") {
    for (int c = 0; c < 0x80; ++c) {
      const std::string byte(1, static_cast<char>(c));
      const bool is_plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
      const std::string quoted = json_of(byte);
      REQUIRE((quoted == "\"" + byte + "\"") == is_plain);
      const std::string inner = quoted.substr(1, quoted.size() - 2);
      for (size_t before = 0; before < 20; ++before) {
        for (size_t behind = 0; behind < 20; ++behind) {
          const std::string first(before, 'a');
          const std::string last(behind, '~');
          REQUIRE(json_of(first + byte + last) == "\"" + first + inner + last + "\"");
        }
      }
    }
  }

  TEST_CASE("a document is appended to what is there") {
    std::string out = "before ";
    for (const std::string text : {"one", "two"}) {
      JsonWriter json(out);
      json.begin_object();
      json.base64("b", text);
      json.end_object();
    }
    CHECK(out == R"(before {"b":"b25l"}{"b":"dHdv"})");
  }

  TEST_CASE("members come out in the order of the calls, with commas between") {
    std::string out;
    JsonWriter json(out);
    json.begin_object();
    json.member("a", 1);
    json.begin_list("b");
    json.element("x");
    json.begin_object();
    json.member("c", true);
    json.end_object();
    json.begin_list();
    json.end_list();
    json.end_list();
    json.null("d");
    json.optional("left out", "");
    json.optional("left out too", uint64_t{0});
    json.member("e", UINT64_MAX);
    json.end_object();
    CHECK(out == R"({"a":1,"b":["x",{"c":true},[]],"d":null,"e":18446744073709551615})");
  }
}

TEST_SUITE("base/utf8") {
  TEST_CASE("a prefix does not cut a character, unless it was cut before") {
    CHECK(utf8_prefix("abc", 3) == "abc");
    CHECK(utf8_prefix("abcd", 3) == "abc");
    CHECK(utf8_prefix("ab€d", 2) == "ab");
    CHECK(utf8_prefix("ab€d", 3) == "ab");
    CHECK(utf8_prefix("ab€d", 4) == "ab");
    CHECK(utf8_prefix("ab€d", 5) == "ab€");
    CHECK(utf8_prefix("😀😀", 7) == "😀");
    CHECK(utf8_prefix("\xe2\x82x", 2) == "\xe2\x82");
    CHECK(utf8_prefix("é", 0).empty());
  }

  TEST_CASE("overlong forms, surrogates and cut sequences are not UTF-8") {
    CHECK(is_utf8("plain, é, €, 😀"));
    for (const char* bad :
         {"\xc0\xaf", "\xe0\x80\xaf", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"}) {
      CAPTURE(bad);
      CHECK_FALSE(is_utf8(bad));
    }
  }
}

TEST_SUITE("base/sha256") {
  TEST_CASE("the vectors of FIPS 180-4 and RFC 4231") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
          "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

TEST_SUITE("base/base64") {
  TEST_CASE("the vectors of RFC 4648") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foobar") == "Zm9vYmFy");
  }

  TEST_CASE("large input is encoded in blocks without padding between them") {
    const std::string data((3u << 20) + 2, 'x');
    const std::string text = base64(data);
    CHECK(text.size() == (data.size() + 2) / 3 * 4);
    CHECK(text.find('=') == text.size() - 1);
  }
}
