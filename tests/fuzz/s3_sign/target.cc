// SPDX-License-Identifier: Apache-2.0
// A request (lines: one of flags, method, target, headers "name:value"; an empty line; the body) →
// signature. Canonical texts are their own canonical texts, the order of headers does not matter,
// a body in chunks is the same in any pieces and as long as was told.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "s3/canonical.h"
#include "s3/limits.h"
#include "s3/signer.h"
#include "s3/uri.h"

using namespace qtap::s3;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "s3 sign: %s\n", what);
  abort();
}

std::string_view take_line(std::string_view& rest) {
  const size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

Credentials credentials() {
  Credentials out;
  out.access_key_id = "AKID";
  out.secret_key = Secret("secret");
  return out;
}

void check_texts(const Signed& made, const Request& request, const Rules& rules) {
  const std::string& text = made.canonical_request;
  const auto names = static_cast<std::ptrdiff_t>(
      1 + std::count(made.signed_headers.begin(), made.signed_headers.end(), ';'));
  must(std::count(text.begin(), text.end(), '\n') == 5 + names, "a line too many");
  const TargetParts parts = split_target(request.target);
  const std::string query = canonical_query(parts.query);
  must(canonical_query(query) == query, "the query changes again");
  if (rules.encode_twice) return;
  const std::string path = canonical_path(parts.path, rules);
  must(canonical_path(path, rules) == path, "the path changes again");
}

std::string encode(const Signer& signer, const Signed& made, const Payload& payload,
                   std::string_view body, size_t piece) {
  auto encoder = signer.encoder(made, payload, credentials(), kMinChunkBytes);
  must(encoder.ok(), "no encoder");
  std::string out;
  for (size_t at = 0; at < body.size(); at += piece) {
    must(encoder->data(body.substr(at, piece), out).ok(), "a piece is refused");
  }
  std::vector<HeaderView> trailers;
  for (const std::string_view name : payload.trailers) trailers.push_back({name, "value"});
  must(encoder->end(trailers, out).ok(), "the end is refused");
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view flags = take_line(rest);
  const auto bits = static_cast<unsigned>(flags.empty() ? 0 : flags[0]);
  Request request;
  request.method = take_line(rest);
  request.target = take_line(rest);
  std::vector<HeaderView> headers;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) break;
    const size_t colon = std::min(line.find(':'), line.size());
    headers.push_back({line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))});
  }
  static constexpr std::string_view kTrailers[] = {"x-amz-checksum-crc32"};
  request.headers = headers;
  request.time_s = 1'440'938'160;
  request.payload.kind = static_cast<PayloadKind>(bits % 5);
  request.payload.body = rest;
  request.payload.decoded_length = rest.size();
  if (has_trailers(request.payload.kind)) request.payload.trailers = kTrailers;
  const Rules rules = (bits & 8) != 0 ? Rules::generic() : Rules::s3();
  const Signer signer = *Signer::create({"r", "s3"}, rules);

  const auto link = signer.presign(request, credentials(), 60);
  if (link) check_texts(*link, request, rules);
  const auto made = signer.sign(request, credentials());
  if (!made) return 0;
  check_texts(*made, request, rules);

  std::reverse(headers.begin(), headers.end());
  std::stable_sort(headers.begin(), headers.end(), [](const HeaderView& a, const HeaderView& b) {
    return a.name.size() < b.name.size();
  });
  const auto again = signer.sign(request, credentials());
  must(again.ok(), "another order of headers is refused");
  must(again->signed_headers == made->signed_headers, "other headers in another order");

  if (!is_chunked(request.payload.kind)) return 0;
  const std::string whole = encode(signer, *made, request.payload, rest, rest.size() + 1);
  must(encode(signer, *made, request.payload, rest, 1 + bits * 97) == whole, "pieces differ");
  const TrailerSize trailer = {kTrailers[0].size(), 5};
  const std::span<const TrailerSize> trailers(&trailer, request.payload.trailers.size());
  must(whole.size() == ChunkEncoder::encoded_length(request.payload.kind, rest.size(),
                                                    kMinChunkBytes, trailers),
       "another length than was told");
  return 0;
}
