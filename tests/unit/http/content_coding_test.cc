// SPDX-License-Identifier: Apache-2.0
#include "http/content_coding.h"

#include <doctest/doctest.h>

#include <cstring>

using qtap::http::Coding;
using qtap::http::CodingList;
using qtap::http::parse_content_encoding;

namespace {

std::string names(std::string_view value) {
  const CodingList list = parse_content_encoding(value);
  if (list.outcome == CodingList::Outcome::kUnknown) return "unknown " + list.unknown;
  if (list.outcome == CodingList::Outcome::kTooMany) return "too many";
  std::string out;
  for (const Coding coding : list.codings) out += std::string(coding_name(coding)) + " ";
  return out;
}

}  // namespace

TEST_SUITE("http/content_coding") {
  TEST_CASE("codings are read in any case, with blanks and empty elements") {
    CHECK(names("gzip") == "gzip ");
    CHECK(names("GZip") == "gzip ");
    CHECK(names("X-GZIP") == "gzip ");
    CHECK(names("deflate, BR ,\tzstd") == "deflate br zstd ");
    CHECK(names(" , gzip,, ") == "gzip ");
    CHECK(names("") == "");
    CHECK(names(" \t") == "");
  }

  TEST_CASE("identity changes nothing") {
    CHECK(names("identity") == "");
    CHECK(names("Identity, gzip, identity") == "gzip ");
    CHECK(names("identity,identity,identity,identity,identity,identity") == "");
  }

  TEST_CASE("what is no coding that can be undone is named") {
    CHECK(names("compress") == "unknown compress");
    CHECK(names("x-compress") == "unknown x-compress");
    CHECK(names("gzip, FOO") == "unknown foo");
    CHECK(names("gzip;q=1") == "unknown gzip;q=1");
    CHECK(names("gzip br") == "unknown gzip br");
    CHECK(names("gzi") == "unknown gzi");
    CHECK(names("gzipx") == "unknown gzipx");
    CHECK(names("*") == "unknown *");
    CHECK(parse_content_encoding("gzip, foo").codings.empty());
  }

  TEST_CASE("the name of an unknown coding is short and can be printed") {
    CHECK(names("a\x1b[31m\xc3\xa4") == "unknown a?[31m??");
    CHECK(parse_content_encoding(std::string(1000, 'x')).unknown == std::string(64, 'x'));
    CHECK(names(std::string_view("g\0zip", 5)) == "unknown g?zip");
  }

  TEST_CASE("as many codings as curl undoes, and no more") {
    CHECK(names("gzip,gzip,gzip,gzip,gzip") == "gzip gzip gzip gzip gzip ");
    CHECK(names("gzip,gzip,gzip,gzip,gzip,identity") == "gzip gzip gzip gzip gzip ");
    CHECK(names("gzip,gzip,gzip,gzip,gzip,br") == "too many");
  }
}
