// SPDX-License-Identifier: Apache-2.0
// zlib's inflate() as the two codings need it that are built on deflate (RFC 1951).
#pragma once

#include <zlib.h>

#include "http/coding_stage.h"

namespace qtap::http {

class Inflater {
 public:
  enum class Format : uint8_t { kGzip, kZlib, kRaw };

  Inflater() = default;
  Inflater(const Inflater&) = delete;  // zlib's state points back at its stream
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  bool start(Format format);  // once; false: no memory
  void restart();             // at the start of the same format again; keeps its memory

  // kEnd: the end of a gzip member, of zlib or of deflate data, checksum and length included.
  Step step(std::string_view& in, std::span<char> room);
  const char* complaint() const { return complaint_; }

 private:
  z_stream stream_ = {};
  bool is_started_ = false;
  const char* complaint_ = "";
};

}  // namespace qtap::http
