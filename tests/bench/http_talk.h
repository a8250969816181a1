// SPDX-License-Identifier: Apache-2.0
// Conversations for benchmarks, in HTTP/1.1 and HTTP/2, and bare nghttp2 on the same field blocks.
#pragma once

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qtap::bench {

constexpr int kRuns = 5;  // the median of them is told

inline int64_t now_ns() {
  timespec now = {};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

// A request of 500 bytes and a response of 1 KiB, the sizes of design/performance.md P8.
inline std::string padded(std::string head, size_t size, char with) {
  head.append(size - head.size(), with);
  return head;
}

inline const std::string kRequest =
    padded(
        "GET /orders/4711?view=full HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: bench/1.0\r\n"
        "Accept: application/json\r\nAccept-Encoding: gzip\r\nAuthorization: Bearer "
        "0123456789abcdef\r\nCookie: ",
        496, 'c') +
    "\r\n\r\n";
inline const std::string kResponse = padded(
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 941\r\nDate: now\r\n\r\n"
    "{\"id\":4711,\"items\":[1,2,3,4,5],\"state\":\"shipped\",\"total\":1234567}",
    1024, ' ');

// ---- HTTP/2: connections of 100 exchanges with 10 fields each, and bodies as above

using Fields = std::vector<std::pair<std::string, std::string>>;

inline const Fields kRequestFields = {{":method", "GET"},
                                      {":scheme", "https"},
                                      {":authority", "shop.example"},
                                      {":path", "/orders/4711?view=full"},
                                      {"user-agent", "bench/1.0"},
                                      {"accept", "application/json"},
                                      {"accept-encoding", "gzip"},
                                      {"authorization", "Bearer 0123456789abcdef"},
                                      {"cookie", std::string(200, 'c')},
                                      {"x-request-id", ""}};  // another one each time
inline const Fields kResponseFields = {
    {":status", "200"},          {"content-type", "application/json"},
    {"content-length", "941"},   {"date", "Sun, 01 Mar 2026 10:00:00 GMT"},
    {"server", "bench"},         {"cache-control", "no-store"},
    {"vary", "accept-encoding"}, {"strict-transport-security", "max-age=31536000"},
    {"x-frame-options", "DENY"}, {"etag", ""}};
constexpr uint64_t kExchanges = 100;  // of one connection

inline std::string h2_frame(uint8_t type, uint8_t flags, uint32_t stream,
                            std::string_view payload) {
  std::string out;
  for (const int shift : {16, 8, 0}) out += static_cast<char>(payload.size() >> shift & 0xff);
  out += static_cast<char>(type);
  out += static_cast<char>(flags);
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(stream >> shift & 0xff);
  return out.append(payload);
}

// What a peer sends on one connection: its field blocks by nghttp2's encoder, and frames of them.
struct H2Peer {
  std::vector<std::string> blocks;
  std::vector<std::string> messages;

  H2Peer(Fields fields, std::string_view body) {
    nghttp2_hd_deflater* deflater = nullptr;
    if (nghttp2_hd_deflate_new(&deflater, 4096) != 0) exit(1);
    for (uint32_t i = 0; i < kExchanges; ++i) {
      fields.back().second = "id-" + std::to_string(1000000 + i);
      std::vector<nghttp2_nv> list;
      for (auto& [name, value] : fields) {
        list.push_back({reinterpret_cast<uint8_t*>(name.data()),
                        reinterpret_cast<uint8_t*>(value.data()), name.size(), value.size(), 0});
      }
      std::string block(2048, '\0');
      const ssize_t len = nghttp2_hd_deflate_hd(deflater, reinterpret_cast<uint8_t*>(block.data()),
                                                block.size(), list.data(), list.size());
      if (len < 0) exit(1);
      block.resize(static_cast<size_t>(len));
      const uint32_t stream = 2 * i + 1;
      std::string message = h2_frame(1, body.empty() ? 5 : 4, stream, block);
      if (!body.empty()) message += h2_frame(0, 1, stream, body);
      blocks.push_back(std::move(block));
      messages.push_back(std::move(message));
    }
    nghttp2_hd_deflate_del(deflater);
  }
};

inline const H2Peer& h2_client() {
  static const H2Peer peer(kRequestFields, {});
  return peer;
}

inline const H2Peer& h2_server() {
  static const H2Peer peer(kResponseFields, std::string(941, 'x'));
  return peer;
}

inline size_t inflate(nghttp2_hd_inflater* inflater, const std::string& block) {
  const auto* at = reinterpret_cast<const uint8_t*>(block.data());
  size_t left = block.size();
  size_t bytes = 0;
  while (true) {
    nghttp2_nv nv = {};
    int flags = 0;
    const ssize_t used = nghttp2_hd_inflate_hd2(inflater, &nv, &flags, at, left, 1);
    if (used < 0) exit(1);
    at += used;
    left -= static_cast<size_t>(used);
    bytes += nv.namelen + nv.valuelen;
    if ((flags & NGHTTP2_HD_INFLATE_FINAL) != 0) break;
  }
  nghttp2_hd_inflate_end_headers(inflater);
  return bytes;
}

// Bare nghttp2: inflates the blocks of as many exchanges and keeps nothing. Exchanges per second.
inline double measure_inflate(uint64_t count) {
  std::vector<double> rates;
  for (int run = 0; run < kRuns; ++run) {
    const int64_t begin = now_ns();
    nghttp2_hd_inflater* inflaters[2] = {};
    size_t bytes = 0;
    for (uint64_t i = 0; i < count; ++i) {
      const size_t n = i % kExchanges;
      for (nghttp2_hd_inflater*& inflater : inflaters) {
        if (n != 0) continue;
        if (inflater) nghttp2_hd_inflate_del(inflater);
        if (nghttp2_hd_inflate_new(&inflater) != 0) exit(1);
      }
      bytes += inflate(inflaters[0], h2_client().blocks[n]);
      bytes += inflate(inflaters[1], h2_server().blocks[n]);
    }
    for (nghttp2_hd_inflater* inflater : inflaters) nghttp2_hd_inflate_del(inflater);
    const double seconds = static_cast<double>(now_ns() - begin) / 1e9;
    if (bytes == 0) exit(1);
    rates.push_back(static_cast<double>(count) / seconds);
  }
  std::sort(rates.begin(), rates.end());
  return rates[kRuns / 2];
}

}  // namespace qtap::bench
