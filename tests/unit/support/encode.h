// SPDX-License-Identifier: Apache-2.0
// Content codings applied by the real libraries.
#pragma once

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace qtap::test {

// window_bits of deflateInit2(): 15 zlib's format, 31 gzip, -15 neither.
inline std::string deflated(std::string_view text, int window_bits, gz_header* header = nullptr) {
  z_stream stream = {};
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    std::abort();
  if (header) deflateSetHeader(&stream, header);
  std::string out(deflateBound(&stream, text.size()) + 1024, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) std::abort();
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

inline std::string gzip(std::string_view text) {
  return deflated(text, 15 + 16);
}

inline std::string zlib(std::string_view text) {
  return deflated(text, 15);
}

inline std::string raw_deflate(std::string_view text) {
  return deflated(text, -15);
}

inline std::string brotli(std::string_view text, int window_bits = 22) {
  size_t len = BrotliEncoderMaxCompressedSize(text.size()) + 64;
  std::string out(len, '\0');
  if (!BrotliEncoderCompress(5, window_bits, BROTLI_MODE_GENERIC, text.size(),
                             reinterpret_cast<const uint8_t*>(text.data()), &len,
                             reinterpret_cast<uint8_t*>(out.data())))
    std::abort();
  out.resize(len);
  return out;
}

// With a checksum, and of a size that the frame does not tell, as servers stream it.
inline std::string zstd(std::string_view text, int window_log = 0) {
  ZSTD_CCtx* context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
  if (window_log != 0) ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()) + 64, '\0');
  ZSTD_inBuffer in = {text.data(), text.size(), 0};
  ZSTD_outBuffer to = {out.data(), out.size(), 0};
  if (ZSTD_compressStream2(context, &to, &in, ZSTD_e_continue) != 0 && in.pos != in.size)
    std::abort();
  if (ZSTD_compressStream2(context, &to, &in, ZSTD_e_end) != 0) std::abort();
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

// Whose size the frame tells: libzstd decodes a small one in a single step if it may.
inline std::string zstd_known_size(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t len = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  if (ZSTD_isError(len)) std::abort();
  out.resize(len);
  return out;
}

}  // namespace qtap::test
