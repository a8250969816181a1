// SPDX-License-Identifier: Apache-2.0
// qtap/s3.h over the signer in s3/.
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <qtap/s3.h>

#include "base/utf8.h"
#include "capi/boundary.h"
#include "s3/limits.h"
#include "s3/signer.h"

namespace s3 = qtap::s3;

struct qtap_s3_signer {
  qtap_s3_signer(s3::Signer with, s3::Credentials by)
      : signer(std::move(with)), credentials(std::move(by)) {}
  s3::Signer signer;
  s3::Credentials credentials;
};

struct qtap_s3_signed {
  s3::Signed made;
  s3::PayloadKind kind = s3::PayloadKind::kSigned;
  uint64_t decoded_length = 0;
  std::vector<std::string> trailers;
};

struct qtap_s3_chunks {
  explicit qtap_s3_chunks(s3::ChunkEncoder with) : encoder(std::move(with)) {}
  s3::ChunkEncoder encoder;
  std::string out;
};

namespace {

using qtap::Error;
using qtap::Result;
using qtap::capi::guard;

constexpr uint32_t kKnownFlags =
    QTAP_S3_KEEP_PATH | QTAP_S3_ENCODE_ONCE | QTAP_S3_CONTENT_SHA256 | QTAP_S3_LATE_TOKEN;

std::string_view view_of(qtap_str text) {
  return text.data == nullptr ? std::string_view() : std::string_view(text.data, text.len);
}
qtap_str str_of(std::string_view text) {
  return {text.data(), text.size()};
}

int refuse(const char* prefix, const Error& error, qtap_s3_error* reterr) {
  if (reterr == nullptr) return error.status;
  const std::string text = prefix + error.text;
  const std::string_view cut = qtap::utf8_prefix(text, sizeof reterr->text - 1);
  std::memcpy(reterr->text, cut.data(), cut.size());
  reterr->text[cut.size()] = '\0';
  return error.status;
}
int refuse_to_make(const Error& error, qtap_s3_error* reterr) {
  return refuse("QT150: make a signer: ", error, reterr);
}
int refuse_to_sign(const Error& error, qtap_s3_error* reterr) {
  return refuse("QT151: sign: ", error, reterr);
}
int refuse_to_encode(const Error& error, qtap_s3_error* reterr) {
  return refuse("QT152: encode chunks: ", error, reterr);
}

// Gets its id where it comes out, as those of s3/ do.
Error error_of(int status, std::string text) {
  return {status, std::move(text)};
}
Error null_argument() {
  return error_of(QTAP_ERR_INVALID, "an argument must not be NULL");
}
Error newer(const char* what) {
  return error_of(QTAP_ERR_UNSUPPORTED,
                  std::string(what) + " is not known to libqtap " QTAP_VERSION);
}

int check_error_struct(const qtap_s3_error* reterr) {
  if (reterr == nullptr || reterr->size >= sizeof *reterr) return QTAP_OK;
  return reterr->size == 0 ? QTAP_ERR_INVALID : QTAP_ERR_UNSUPPORTED;
}

// The same struct in another place: ours says what it is in C++.
std::vector<s3::HeaderView> headers_of(const qtap_s3_header* headers, size_t count) {
  std::vector<s3::HeaderView> out;
  out.reserve(count);
  for (const qtap_s3_header& header : std::span(headers, count)) {
    out.push_back({view_of(header.name), view_of(header.value)});
  }
  return out;
}

Result<s3::Rules> rules_of(const qtap_s3_options& options) {
  if (options.rules != QTAP_S3_RULES_S3 && options.rules != QTAP_S3_RULES_GENERIC) {
    return newer("rules");
  }
  if ((options.flags & ~kKnownFlags) != 0) return newer("a flag");
  s3::Rules rules = options.rules == QTAP_S3_RULES_S3 ? s3::Rules::s3() : s3::Rules::generic();
  if ((options.flags & QTAP_S3_KEEP_PATH) != 0) rules.normalize_path = false;
  if ((options.flags & QTAP_S3_ENCODE_ONCE) != 0) rules.encode_twice = false;
  if ((options.flags & QTAP_S3_CONTENT_SHA256) != 0) rules.content_sha256_header = true;
  if ((options.flags & QTAP_S3_LATE_TOKEN) != 0) rules.sign_token = false;
  return rules;
}

Result<std::unique_ptr<qtap_s3_signer>> make_signer(const qtap_s3_options* given) {
  QTAP_TRY(const qtap_s3_options options, qtap::capi::import_struct(given, "qtap_s3_options"));
  QTAP_TRY(const s3::Rules rules, rules_of(options));
  s3::Credentials credentials;
  credentials.access_key_id = view_of(options.access_key_id);
  credentials.secret_key = s3::Secret(view_of(options.secret_access_key));
  credentials.session_token = s3::Secret(view_of(options.session_token));
  QTAP_CHECK(s3::check_credentials(credentials));
  const std::string_view service = view_of(options.service);
  QTAP_TRY(s3::Signer signer, s3::Signer::create({std::string(view_of(options.region)),
                                                  std::string(service.empty() ? "s3" : service)},
                                                 rules));
  return std::make_unique<qtap_s3_signer>(std::move(signer), std::move(credentials));
}

// What a C request borrows, as the signer wants it.
struct Imported {
  s3::Request request;
  std::vector<s3::HeaderView> headers;
  std::vector<std::string_view> trailers;
};

Result<std::unique_ptr<Imported>> import_request(const qtap_s3_request* given) {
  QTAP_TRY(const qtap_s3_request from, qtap::capi::import_struct(given, "qtap_s3_request"));
  if (from.headers == nullptr && from.header_count > 0)
    return error_of(QTAP_ERR_INVALID, "headers: is NULL");
  if (from.trailers == nullptr && from.trailer_count > 0)
    return error_of(QTAP_ERR_INVALID, "trailers: is NULL");
  if (from.header_count > s3::kMaxHeaders || from.trailer_count > s3::kMaxTrailers) {
    return error_of(QTAP_ERR_LIMIT, "headers or trailers: too many");
  }
  if (from.payload < QTAP_S3_SIGNED || from.payload > QTAP_S3_UNSIGNED_CHUNKS_TRAILER) {
    return newer("the payload");
  }
  if (from.flags != 0) return newer("a flag");
  auto to = std::make_unique<Imported>();
  to->headers = headers_of(from.headers, from.header_count);
  for (const qtap_str& name : std::span(from.trailers, from.trailer_count)) {
    to->trailers.push_back(view_of(name));
  }
  to->request.method = view_of(from.method);
  to->request.target = view_of(from.target);
  to->request.headers = to->headers;
  to->request.time_s = from.time_s;
  to->request.payload = {static_cast<s3::PayloadKind>(from.payload), view_of(from.body),
                         view_of(from.payload_hash), from.decoded_length, to->trailers};
  return to;
}

Result<std::unique_ptr<qtap_s3_signed>> sign(const qtap_s3_signer& by, const qtap_s3_request* given,
                                             const uint32_t* expires_s) {
  QTAP_TRY(const std::unique_ptr<Imported> imported, import_request(given));
  const s3::Request& request = imported->request;
  auto to = std::make_unique<qtap_s3_signed>();
  QTAP_TRY(to->made, expires_s == nullptr ? by.signer.sign(request, by.credentials)
                                          : by.signer.presign(request, by.credentials, *expires_s));
  to->kind = request.payload.kind;
  to->decoded_length = request.payload.decoded_length;
  to->trailers.assign(request.payload.trailers.begin(), request.payload.trailers.end());
  return to;
}

int sign_into(const qtap_s3_signer* signer, const qtap_s3_request* request,
              const uint32_t* expires_s, qtap_s3_signed** ret, qtap_s3_error* reterr) {
  if (const int status = check_error_struct(reterr); status < 0) return status;
  return guard([&] {
    if (signer == nullptr || ret == nullptr) return refuse_to_sign(null_argument(), reterr);
    auto made = sign(*signer, request, expires_s);
    if (!made) return refuse_to_sign(made.error(), reterr);
    *ret = (*std::move(made)).release();
    return int{QTAP_OK};
  });
}

Result<s3::ChunkEncoder> make_encoder(const qtap_s3_signer& signer, const qtap_s3_signed& made,
                                      size_t chunk_bytes) {
  const std::vector<std::string_view> trailers(made.trailers.begin(), made.trailers.end());
  s3::Payload payload;
  payload.kind = made.kind;
  payload.decoded_length = made.decoded_length;
  payload.trailers = trailers;
  return signer.signer.encoder(made.made, payload, signer.credentials, chunk_bytes);
}

}  // namespace

extern "C" {

int qtap_s3_signer_new(const struct qtap_s3_options* options, qtap_s3_signer** ret,
                       struct qtap_s3_error* reterr) {
  if (const int status = check_error_struct(reterr); status < 0) return status;
  return guard([&] {
    if (ret == nullptr) return refuse_to_make(null_argument(), reterr);
    auto made = make_signer(options);
    if (!made) return refuse_to_make(made.error(), reterr);
    *ret = (*std::move(made)).release();
    return int{QTAP_OK};
  });
}

void qtap_s3_signer_free(qtap_s3_signer* signer) {
  delete signer;
}

int qtap_s3_sign(const qtap_s3_signer* signer, const struct qtap_s3_request* request,
                 qtap_s3_signed** ret, struct qtap_s3_error* reterr) {
  return sign_into(signer, request, nullptr, ret, reterr);
}

int qtap_s3_presign(const qtap_s3_signer* signer, const struct qtap_s3_request* request,
                    uint32_t expires_s, qtap_s3_signed** ret, struct qtap_s3_error* reterr) {
  return sign_into(signer, request, &expires_s, ret, reterr);
}

struct qtap_str qtap_s3_signed_text(const qtap_s3_signed* made, int which) {
  if (made == nullptr) return {};
  switch (which) {
    case QTAP_S3_CANONICAL_REQUEST:
      return str_of(made->made.canonical_request);
    case QTAP_S3_STRING_TO_SIGN:
      return str_of(made->made.string_to_sign);
    case QTAP_S3_SIGNATURE:
      return str_of(made->made.signature);
    case QTAP_S3_SIGNED_HEADERS:
      return str_of(made->made.signed_headers);
    case QTAP_S3_TARGET:
      return str_of(made->made.target);
    default:
      return {};
  }
}

int qtap_s3_signed_header_at(const qtap_s3_signed* made, size_t index, struct qtap_s3_header* ret) {
  if (made == nullptr || ret == nullptr) return QTAP_ERR_INVALID;
  if (index >= made->made.headers.size()) return QTAP_ERR_NOTFOUND;
  const s3::Header& header = made->made.headers[index];
  *ret = {str_of(header.name), str_of(header.value)};
  return QTAP_OK;
}

void qtap_s3_signed_free(qtap_s3_signed* made) {
  delete made;
}

int qtap_s3_chunks_new(const qtap_s3_signer* signer, const qtap_s3_signed* made, size_t chunk_bytes,
                       qtap_s3_chunks** ret, struct qtap_s3_error* reterr) {
  if (const int status = check_error_struct(reterr); status < 0) return status;
  return guard([&] {
    if (signer == nullptr || made == nullptr || ret == nullptr) {
      return refuse_to_encode(null_argument(), reterr);
    }
    auto encoder = make_encoder(*signer, *made, chunk_bytes);
    if (!encoder) return refuse_to_encode(encoder.error(), reterr);
    *ret = std::make_unique<qtap_s3_chunks>(*std::move(encoder)).release();
    return int{QTAP_OK};
  });
}

int qtap_s3_chunks_data(qtap_s3_chunks* chunks, const void* bytes, size_t len, struct qtap_str* ret,
                        struct qtap_s3_error* reterr) {
  if (const int status = check_error_struct(reterr); status < 0) return status;
  return guard([&] {
    if (chunks == nullptr || ret == nullptr || (bytes == nullptr && len > 0)) {
      return refuse_to_encode(null_argument(), reterr);
    }
    chunks->out.clear();
    const std::string_view data(len == 0 ? "" : static_cast<const char*>(bytes), len);
    if (const qtap::Status done = chunks->encoder.data(data, chunks->out); !done) {
      return refuse_to_encode(done.error(), reterr);
    }
    *ret = str_of(chunks->out);
    return int{QTAP_OK};
  });
}

int qtap_s3_chunks_end(qtap_s3_chunks* chunks, const struct qtap_s3_header* trailers, size_t count,
                       struct qtap_str* ret, struct qtap_s3_error* reterr) {
  if (const int status = check_error_struct(reterr); status < 0) return status;
  return guard([&] {
    if (chunks == nullptr || ret == nullptr || (trailers == nullptr && count > 0)) {
      return refuse_to_encode(null_argument(), reterr);
    }
    if (count > s3::kMaxTrailers) {
      return refuse_to_encode(error_of(QTAP_ERR_LIMIT, "trailers: too many"), reterr);
    }
    chunks->out.clear();
    const qtap::Status done = chunks->encoder.end(headers_of(trailers, count), chunks->out);
    if (!done) return refuse_to_encode(done.error(), reterr);
    *ret = str_of(chunks->out);
    return int{QTAP_OK};
  });
}

void qtap_s3_chunks_free(qtap_s3_chunks* chunks) {
  delete chunks;
}

int qtap_s3_chunked_length(int payload, uint64_t decoded_length, size_t chunk_bytes,
                           const struct qtap_s3_header* trailers, size_t count, uint64_t* ret) {
  if (ret == nullptr || (trailers == nullptr && count > 0)) return QTAP_ERR_INVALID;
  if (payload < QTAP_S3_SIGNED_CHUNKS || payload > QTAP_S3_UNSIGNED_CHUNKS_TRAILER) {
    return QTAP_ERR_INVALID;
  }
  const auto kind = static_cast<s3::PayloadKind>(payload);
  if (s3::has_trailers(kind) != (count > 0)) return QTAP_ERR_INVALID;
  if (chunk_bytes == 0) chunk_bytes = s3::kDefaultChunkBytes;
  if (chunk_bytes < s3::kMinChunkBytes || chunk_bytes > s3::kMaxChunkBytes ||
      decoded_length > uint64_t{1} << 62 || count > s3::kMaxTrailers) {
    return QTAP_ERR_LIMIT;
  }
  return guard([&] {
    std::vector<s3::TrailerSize> sizes;
    for (const qtap_s3_header& trailer : std::span(trailers, count)) {
      if (trailer.name.len > s3::kMaxHeaderNameBytes ||
          trailer.value.len > s3::kMaxHeaderValueBytes) {
        return int{QTAP_ERR_LIMIT};
      }
      sizes.push_back({trailer.name.len, trailer.value.len});
    }
    *ret = s3::ChunkEncoder::encoded_length(kind, decoded_length, chunk_bytes, sizes);
    return int{QTAP_OK};
  });
}

}  // extern "C"
