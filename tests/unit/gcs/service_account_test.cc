// SPDX-License-Identifier: Apache-2.0
// tests/e2e/test_gcs_store.py has another program verify the signature.
#include "gcs/service_account.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <memory>
#include <string>

#include "base/base64.h"

using namespace qtap;

namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Key = std::unique_ptr<EVP_PKEY, Free>;

// As a member of JSON: line breaks escaped.
std::string pem_of(EVP_PKEY* key) {
  const std::unique_ptr<BIO, Free> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  std::string out;
  for (const char c : std::string(data, static_cast<size_t>(size)))
    out += c == '\n' ? "\\n" : std::string(1, c);
  return out;
}

std::string account_json(const std::string& pem) {
  return R"({"type":"service_account","private_key_id":"k1","client_email":"a@b","private_key":")" +
         pem + R"(","token_uri":"https://t/token"})";
}

std::string why(const std::string& json) {
  const auto account = gcs::read_service_account(json);
  return account.ok() ? "" : account.error().text;
}

}  // namespace

TEST_SUITE("gcs/service_account") {
  TEST_CASE("an assertion says who asks for what, and is signed with RS256") {
    const Key key(EVP_RSA_gen(2048));
    const auto account = gcs::read_service_account(account_json(pem_of(key.get())));
    REQUIRE(account.ok());
    CHECK(account->client_email == "a@b");
    CHECK(account->token_uri == "https://t/token");
    const auto made = gcs::make_assertion(*account, 1'772'359'200);
    REQUIRE(made.ok());
    const size_t first = made->find('.');
    const size_t last = made->rfind('.');
    CHECK(base64url_bytes(made->substr(0, first)) == R"({"typ":"JWT","alg":"RS256","kid":"k1"})");
    CHECK(base64url_bytes(made->substr(first + 1, last - first - 1)) ==
          R"({"iss":"a@b","scope":"https://www.googleapis.com/auth/devstorage.read_write",)"
          R"("aud":"https://t/token","iat":1772359200,"exp":1772362800})");
    const auto signature = base64url_bytes(made->substr(last + 1));
    REQUIRE(signature);
    const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
    EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get());
    CHECK(EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature->data()),
                           signature->size(), reinterpret_cast<const unsigned char*>(made->data()),
                           last) == 1);
  }

  TEST_CASE("a file that is no service account's is refused, without what it holds") {
    CHECK(why("") == "expected a JSON object");
    CHECK(why("[]") == "expected a JSON object");
    CHECK(why(std::string(70'000, ' ') + "{}") == "expected a JSON object");
    CHECK(why("{}") ==
          "type: expected service_account; other kinds of credentials are not known here");
    CHECK(why(R"({"type":"authorized_user"})") ==
          "type: expected service_account, got authorized_user; other kinds of credentials are not "
          "known here");
    CHECK(why(R"({"type":"service_account","client_email":"a"})") ==
          "private_key: is missing, or no text");
    CHECK(why(account_json("SECRET")) ==
          "private_key: expected a key of RSA in PEM, without a password");
    const Key curve(EVP_EC_gen("P-256"));
    CHECK(why(account_json(pem_of(curve.get()))) ==
          "private_key: expected a key of RSA in PEM, without a password");
  }

  TEST_CASE("a token and how long it is good for, or why there is none") {
    const auto token =
        gcs::read_token(R"({"access_token":"t","expires_in":3599,"token_type":"Bearer"})");
    REQUIRE(token.ok());
    CHECK(token->text.reveal() == "t");
    CHECK(token->seconds == 3599);
    for (const char* bad : {"", "{}", R"({"access_token":1})"}) {
      CHECK_FALSE(gcs::read_token(bad).ok());
    }
    CHECK(gcs::refusal_of(R"({"error":"invalid_grant","error_description":"No.\nWhy?"})") ==
          "invalid_grant, No. Why?");
    CHECK(gcs::refusal_of(R"({"error":"x"})") == "x");
    CHECK(gcs::refusal_of("<html>").empty());
    CHECK(gcs::token_form("a.b-c_d") ==
          "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b-c_d");
  }
}
