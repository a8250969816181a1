// SPDX-License-Identifier: Apache-2.0
#include "s3/chunk_encoder.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/sha256.h"
#include "s3/limits.h"

namespace qtap::s3 {
namespace {

constexpr std::string_view kSignatureField = ";chunk-signature=";
constexpr std::string_view kTrailerSignature = "x-amz-trailer-signature";
constexpr size_t kSignatureBytes = 64;
constexpr std::string_view kEnd = "\r\n";
// SHA-256 of nothing: what the headers of a chunk would be, if there were any.
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

std::string hex_number(uint64_t number) {
  std::array<char, 16> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

uint64_t chunk_line_bytes(PayloadKind kind, uint64_t length) {
  return hex_number(length).size() +
         (has_signed_chunks(kind) ? kSignatureField.size() + kSignatureBytes : 0) + kEnd.size();
}

}  // namespace

ChunkEncoder::ChunkEncoder(Plan plan, std::optional<Signing> signing)
    : plan_(std::move(plan)), signing_(std::move(signing)) {}

std::string ChunkEncoder::sign(std::string_view algorithm, std::string_view hashes) {
  std::string text(algorithm);
  for (const std::string_view part :
       {std::string_view(signing_->date), std::string_view(signing_->scope),
        std::string_view(signing_->seed), hashes}) {
    text += '\n';
    text += part;
  }
  signing_->seed = signing_->key.hex(text);
  return signing_->seed;
}

void ChunkEncoder::append_chunk(std::string_view bytes, std::string& out) {
  out += hex_number(bytes.size());
  if (signing_) {
    out += kSignatureField;
    out += sign("AWS4-HMAC-SHA256-PAYLOAD", std::string(kEmptySha256) + "\n" + sha256_hex(bytes));
  }
  out += kEnd;
  if (bytes.empty()) return;  // the last one: trailers follow, then an empty line
  out += bytes;
  out += kEnd;
}

Status ChunkEncoder::data(std::string_view bytes, std::string& out) {
  if (ended_) return Error(QTAP_ERR_STATE, "the body has ended");
  if (bytes.size() > plan_.decoded_length - taken_) {
    return Error(QTAP_ERR_INVALID, "byte " + std::to_string(plan_.decoded_length) +
                                       ": the body is longer than was announced");
  }
  taken_ += bytes.size();
  if (!held_.empty()) {
    const size_t part = std::min(bytes.size(), plan_.chunk_bytes - held_.size());
    held_ += bytes.substr(0, part);
    bytes.remove_prefix(part);
    if (held_.size() < plan_.chunk_bytes) return {};
    append_chunk(held_, out);
    held_.clear();
  }
  for (; bytes.size() >= plan_.chunk_bytes; bytes.remove_prefix(plan_.chunk_bytes)) {
    append_chunk(bytes.substr(0, plan_.chunk_bytes), out);
  }
  held_ += bytes;
  return {};
}

Status ChunkEncoder::check_trailers(std::span<const HeaderView> trailers) const {
  if (trailers.size() != plan_.trailers.size()) {
    return Error(QTAP_ERR_INVALID, std::to_string(trailers.size()) + " trailers, but " +
                                       std::to_string(plan_.trailers.size()) + " were announced");
  }
  for (size_t i = 0; i < trailers.size(); ++i) {
    const std::string what = "trailer " + std::to_string(i);
    if (trailers[i].name != plan_.trailers[i]) {
      return Error(QTAP_ERR_INVALID, what + ": was announced as " + plan_.trailers[i]);
    }
    const std::string_view value = trailers[i].value;
    if (value.size() > kMaxHeaderValueBytes) {
      return Error(QTAP_ERR_LIMIT,
                   what + ": has more than " + std::to_string(kMaxHeaderValueBytes) + " bytes");
    }
    // A blank at an end would be signed by one side and trimmed by the other.
    const auto bad = std::find_if(value.begin(), value.end(), [](char c) {
      return static_cast<unsigned char>(c) <= ' ' || c == 0x7f;
    });
    if (bad != value.end()) {
      return wrong_at(what, static_cast<size_t>(bad - value.begin()),
                      "a blank or control character");
    }
  }
  return {};
}

void ChunkEncoder::append_trailers(std::span<const HeaderView> trailers, std::string& out) {
  std::string hashed;
  for (const HeaderView& trailer : trailers) {
    const std::string line = std::string(trailer.name) + ":" + std::string(trailer.value);
    hashed += line + "\n";
    out += line;
    out += kEnd;
  }
  if (!signing_ || trailers.empty()) return;
  out += kTrailerSignature;
  out += ':';
  out += sign("AWS4-HMAC-SHA256-TRAILER", sha256_hex(hashed));
  out += kEnd;
}

Status ChunkEncoder::end(std::span<const HeaderView> trailers, std::string& out) {
  if (ended_) return Error(QTAP_ERR_STATE, "the body has ended");
  if (taken_ < plan_.decoded_length) {
    return Error(QTAP_ERR_INVALID,
                 "byte " + std::to_string(taken_) + ": the body is shorter than was announced");
  }
  QTAP_CHECK(check_trailers(trailers));
  ended_ = true;
  if (!held_.empty()) append_chunk(held_, out);
  held_.clear();
  append_chunk({}, out);
  append_trailers(trailers, out);
  out += kEnd;
  return {};
}

uint64_t ChunkEncoder::encoded_length(PayloadKind kind, uint64_t decoded_length, size_t chunk_bytes,
                                      std::span<const TrailerSize> trailers) {
  const uint64_t whole = decoded_length / chunk_bytes;
  const uint64_t rest = decoded_length % chunk_bytes;
  uint64_t length = decoded_length + whole * (chunk_line_bytes(kind, chunk_bytes) + kEnd.size());
  if (rest > 0) length += chunk_line_bytes(kind, rest) + kEnd.size();
  length += chunk_line_bytes(kind, 0) + kEnd.size();
  for (const TrailerSize& trailer : trailers) {
    length += trailer.name_bytes + 1 + trailer.value_bytes + kEnd.size();
  }
  if (has_signed_chunks(kind) && !trailers.empty()) {
    length += kTrailerSignature.size() + 1 + kSignatureBytes + kEnd.size();
  }
  return length;
}

}  // namespace qtap::s3
