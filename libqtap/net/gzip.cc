// SPDX-License-Identifier: Apache-2.0
#include "net/gzip.h"

#include <zlib.h>

namespace qtap::net {
namespace {

constexpr int kMaxWindow = 15;
constexpr int kGzipFormat = 16;  // added to the window, see deflateInit2 in zlib.h
constexpr int kUsualMemory = 8;

// zlib counts in 32 bits.
constexpr size_t kPiece = 1u << 30;

}  // namespace

Result<std::string> gzip(std::string_view bytes) {
  z_stream stream = {};
  // JSON and the like shrink to a tenth at any level; the fastest takes a third of the usual time.
  if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kMaxWindow + kGzipFormat, kUsualMemory,
                     Z_DEFAULT_STRATEGY) != Z_OK) {
    return Error{QTAP_ERR_NOMEM, "compress: no memory"};
  }
  struct End {
    z_stream& stream;
    ~End() { ::deflateEnd(&stream); }
  } end{stream};
  std::string out;
  size_t used = 0;
  int code = Z_OK;
  while (code != Z_STREAM_END) {
    if (stream.avail_in == 0) {
      const std::string_view piece = bytes.substr(0, kPiece);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(piece.data()));
      stream.avail_in = static_cast<uInt>(piece.size());
      bytes.remove_prefix(piece.size());
    }
    out.resize(out.size() + stream.avail_in / 4 + 256);
    stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
    stream.avail_out = static_cast<uInt>(out.size() - used);
    code = ::deflate(&stream, bytes.empty() ? Z_FINISH : Z_NO_FLUSH);
    used = out.size() - stream.avail_out;
  }
  out.resize(used);
  return out;
}

}  // namespace qtap::net
