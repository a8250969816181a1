// SPDX-License-Identifier: Apache-2.0
// How fast bodies are decoded, beside the bare libraries on the same bytes in the same run.
// Usage: content FOLDER [NAME]. FOLDER is not used; with NAME, only what begins so is measured.
// Prints one JSON array; tests/bench/run.py adds machine and commit. MB/s are of decoded bytes.
#include <brotli/decode.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "../unit/support/encode.h"
#include "http/content_decoder.h"

namespace {

using namespace qtap;

constexpr int kRuns = 9;             // the median of them is told
constexpr size_t kPiece = 16384;     // a TLS record (RFC 8446 section 5.1)
constexpr size_t kText = 16u << 20;  // decoded bytes per run

int64_t now_ns() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// JSON of which codings make a quarter to a tenth, as of APIs.
std::string api_text() {
  std::string text;
  uint32_t seed = 4711;
  while (text.size() < kText) {
    seed = seed * 1664525 + 1013904223;  // Numerical Recipes, "quick and dirty"
    text += "{\"id\":" + std::to_string(seed >> 12) + ",\"state\":\"" +
            (seed % 3 == 0 ? "shipped" : "ordered") + "\",\"total\":" + std::to_string(seed % 977) +
            ",\"items\":[" + std::to_string(seed >> 28) + "]},\n";
  }
  text.resize(kText);
  return text;
}

char g_block[http::kDecodeBlock];  // the bare libraries get the same room as ours

uint64_t bare_inflate(std::string_view body, int window_bits) {
  z_stream stream = {};
  if (inflateInit2(&stream, window_bits) != Z_OK) return 0;
  for (size_t at = 0; at < body.size(); at += kPiece) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data() + at));
    stream.avail_in = static_cast<uInt>(std::min(kPiece, body.size() - at));
    do {
      stream.next_out = reinterpret_cast<Bytef*>(g_block);
      stream.avail_out = sizeof g_block;
      inflate(&stream, Z_NO_FLUSH);
    } while (stream.avail_out == 0);
  }
  const uint64_t total = stream.total_out;
  inflateEnd(&stream);
  return total;
}

uint64_t bare_gzip(std::string_view body) {
  return bare_inflate(body, 15 + 16);
}

uint64_t bare_deflate(std::string_view body) {
  return bare_inflate(body, 15);
}

uint64_t bare_brotli(std::string_view body) {
  BrotliDecoderState* state = BrotliDecoderCreateInstance(nullptr, nullptr, nullptr);
  size_t total = 0;
  for (size_t at = 0; at < body.size(); at += kPiece) {
    size_t in = std::min(kPiece, body.size() - at);
    const auto* next_in = reinterpret_cast<const uint8_t*>(body.data() + at);
    size_t out = 0;
    do {
      out = sizeof g_block;
      auto* next_out = reinterpret_cast<uint8_t*>(g_block);
      BrotliDecoderDecompressStream(state, &in, &next_in, &out, &next_out, &total);
    } while (out == 0);
  }
  BrotliDecoderDestroyInstance(state);
  return total;
}

uint64_t bare_zstd(std::string_view body) {
  ZSTD_DCtx* context = ZSTD_createDCtx();
  uint64_t total = 0;
  for (size_t at = 0; at < body.size(); at += kPiece) {
    ZSTD_inBuffer in = {body.data() + at, std::min(kPiece, body.size() - at), 0};
    ZSTD_outBuffer out = {g_block, sizeof g_block, 0};
    do {
      out.pos = 0;
      if (ZSTD_isError(ZSTD_decompressStream(context, &out, &in))) break;
      total += out.pos;
    } while (in.pos < in.size || out.pos == out.size);
  }
  ZSTD_freeDCtx(context);
  return total;
}

uint64_t ours(const char* coding, std::string_view body) {
  auto decoder = http::ContentDecoder::create(coding);
  if (!decoder.ok()) return 0;
  uint64_t total = 0;
  const auto take = [&](std::string_view bytes) { total += bytes.size(); };
  for (size_t at = 0; at < body.size(); at += kPiece)
    decoder->decode(body.substr(at, kPiece), take);
  return decoder->finish() == http::DecodeState::kComplete ? total : 0;
}

template <typename Decode>
double seconds(const char* name, Decode decode) {
  const int64_t begin = now_ns();
  const uint64_t decoded = decode();
  const double taken = static_cast<double>(now_ns() - begin) / 1e9;
  if (decoded == kText) return taken;
  fprintf(stderr, "content: %s: expected %zu bytes, got %llu\n", name, kText,
          static_cast<unsigned long long>(decoded));
  exit(1);
}

double median(std::vector<double>& values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

bool g_first = true;

void tell(const std::string& name, double value, const char* unit) {
  printf("%s\n  {\"name\": \"%s\", \"value\": %.2f, \"unit\": \"%s\"}", g_first ? "" : ",",
         name.c_str(), value, unit);
  g_first = false;
}

// By turns, so that other work on the machine hits both.
void compare(const char* coding, const std::string& body, uint64_t (*bare)(std::string_view)) {
  std::vector<double> our_seconds;
  std::vector<double> bare_seconds;
  for (int run = 0; run < kRuns; ++run) {
    our_seconds.push_back(seconds(coding, [&] { return ours(coding, body); }));
    bare_seconds.push_back(seconds(coding, [&] { return bare(body); }));
  }
  const std::string name = std::string("content.") + coding;
  const double our_median = median(our_seconds);
  const double bare_median = median(bare_seconds);
  tell(name + ".decoded", static_cast<double>(kText) / our_median / 1e6, "MB/s");
  tell(name + ".bare", static_cast<double>(kText) / bare_median / 1e6, "MB/s");
  tell(name + ".time_to_bare", our_median / bare_median, "x");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    fprintf(stderr, "usage: content FOLDER [NAME]\n");
    return 2;
  }
  const std::string_view wanted = argc == 3 ? argv[2] : "";
  const std::string text = api_text();
  const auto is_wanted = [&](std::string_view name) { return name.starts_with(wanted); };
  printf("[");
  if (is_wanted("content.gzip")) compare("gzip", test::gzip(text), bare_gzip);
  if (is_wanted("content.deflate")) compare("deflate", test::zlib(text), bare_deflate);
  if (is_wanted("content.br")) compare("br", test::brotli(text), bare_brotli);
  if (is_wanted("content.zstd")) compare("zstd", test::zstd(text), bare_zstd);
  printf("\n]\n");
  return 0;
}
