// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <doctest/doctest.h>
#include <zlib.h>

#include <string>

namespace qtap::test {

// Of one whole gzip member, and nothing behind it.
inline std::string gunzip(const std::string& packed) {
  z_stream stream = {};
  REQUIRE(::inflateInit2(&stream, 15 + 16) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  std::string out(1u << 24, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = ::inflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  const bool is_all = code == Z_STREAM_END && stream.avail_in == 0;
  ::inflateEnd(&stream);
  CHECK(is_all);
  return out;
}

// The body of a request that was sent so.
inline std::string gunzip_body(const std::string& request) {
  return gunzip(request.substr(request.find("\r\n\r\n") + 4));
}

}  // namespace qtap::test
