// SPDX-License-Identifier: Apache-2.0
#include "gcs/service_account.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <simdjson.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "base/base64.h"
#include "base/json_writer.h"
#include "s3/uri.h"

namespace qtap::gcs {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxBytes = 64 * 1024;
constexpr size_t kMaxRefusal = 200;

Error wrong(std::string text) {
  return {QTAP_ERR_INVALID, std::move(text)};
}

// An object of JSON, whose texts are overwritten when they have been read.
class Document {
 public:
  explicit Document(std::string_view text) {
    if (text.size() > kMaxBytes) return;
    // The parser wants room behind the text; a copy that it makes itself would stay in memory.
    std::vector<char> padded(text.size() + simdjson::SIMDJSON_PADDING);
    std::copy(text.begin(), text.end(), padded.begin());
    is_good_ =
        parser_.parse(padded.data(), text.size(), /*realloc_if_needed=*/false).get(object_) ==
        simdjson::SUCCESS;
    s3::cleanse(padded.data(), padded.size());
  }
  ~Document() {
    if (!is_good_) return;
    for (const auto& [key, value] : object_) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS) {
        s3::cleanse(const_cast<char*>(text.data()), text.size());
      }
    }
  }
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  bool is_good() const { return is_good_; }
  std::string_view text(std::string_view name) const {
    std::string_view out;
    return is_good_ && object_.at_key(name).get(out) == simdjson::SUCCESS ? out
                                                                          : std::string_view();
  }
  int64_t number(std::string_view name) const {
    int64_t out = 0;
    return is_good_ && object_.at_key(name).get(out) == simdjson::SUCCESS ? out : 0;
  }

 private:
  dom::parser parser_;
  dom::object object_;
  bool is_good_ = false;
};

std::string base64url(std::string_view bytes) {
  std::string out(base64_size(bytes.size()) + 1, '\0');
  out.resize(static_cast<size_t>(put_base64(out.data(), bytes) - out.data()));
  out.resize(out.find_last_not_of('=') + 1);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  return out;
}

struct Free {
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Without it OpenSSL would ask on the terminal.
int no_password(char*, int, int, void*) {
  return 0;
}

std::unique_ptr<EVP_PKEY, Free> rsa_key(std::string_view pem) {
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(std::min(pem.size(), kMaxBytes))));
  std::unique_ptr<EVP_PKEY, Free> key(
      bio ? PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr) : nullptr);
  if (key && EVP_PKEY_base_id(key.get()) != EVP_PKEY_RSA) key.reset();
  return key;
}

// RSASSA-PKCS1-v1_5 with SHA-256; "" = it cannot be done.
std::string rs256(EVP_PKEY* key, std::string_view text) {
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  size_t size = 0;
  if (!context || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return "";
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes,
                     text.size()) != 1) {
    return "";
  }
  out.resize(size);
  return out;
}

std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxRefusal));
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
  return out;
}

}  // namespace

Result<ServiceAccount> read_service_account(std::string_view json) {
  const Document document(json);
  if (!document.is_good()) return wrong("expected a JSON object");
  const std::string_view type = document.text("type");
  if (type != "service_account") {
    return wrong("type: expected service_account" +
                 (type.empty() ? "" : ", got " + printable(type)) +
                 "; other kinds of credentials are not known here");
  }
  for (const char* name : {"client_email", "private_key", "token_uri"}) {
    if (document.text(name).empty()) return wrong(std::string(name) + ": is missing, or no text");
  }
  ServiceAccount account;
  account.client_email = document.text("client_email");
  account.private_key_id = document.text("private_key_id");
  account.private_key = s3::Secret(document.text("private_key"));
  account.token_uri = document.text("token_uri");
  if (!rsa_key(account.private_key.reveal())) {
    return wrong("private_key: expected a key of RSA in PEM, without a password");
  }
  return account;
}

Result<std::string> make_assertion(const ServiceAccount& account, int64_t now_s) {
  std::string header;
  JsonWriter of_header(header);
  of_header.begin_object();
  of_header.member("typ", "JWT");
  of_header.member("alg", "RS256");
  of_header.optional("kid", account.private_key_id);
  of_header.end_object();
  std::string claims;
  JsonWriter of_claims(claims);
  of_claims.begin_object();
  of_claims.member("iss", account.client_email);
  of_claims.member("scope", kScope);
  of_claims.member("aud", account.token_uri);
  of_claims.member("iat", now_s);
  of_claims.member("exp", now_s + kAssertionSeconds);
  of_claims.end_object();
  std::string assertion = base64url(header) + "." + base64url(claims);
  const auto key = rsa_key(account.private_key.reveal());
  const std::string signature = key ? rs256(key.get(), assertion) : "";
  if (signature.empty()) return wrong("private_key: cannot sign with it");
  return assertion + "." + base64url(signature);
}

std::string token_form(std::string_view assertion) {
  return "grant_type=" + s3::uri_encode("urn:ietf:params:oauth:grant-type:jwt-bearer") +
         "&assertion=" + s3::uri_encode(assertion);
}

Result<Token> read_token(std::string_view json) {
  const Document document(json);
  if (document.text("access_token").empty()) return wrong("the answer has no access_token");
  return Token{s3::Secret(document.text("access_token")), document.number("expires_in")};
}

std::string refusal_of(std::string_view json) {
  const Document document(json);
  const std::string code = printable(document.text("error"));
  const std::string words = printable(document.text("error_description"));
  return code + (code.empty() || words.empty() ? "" : ", ") + words;
}

}  // namespace qtap::gcs
