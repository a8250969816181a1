// SPDX-License-Identifier: Apache-2.0
// The requests of Amazon's own documentation of S3 ("Authenticating Requests: AWS Signature Version
// 4"), whose signatures it tells.
#pragma once

#include <string>
#include <vector>

#include "s3/signer.h"

namespace qtap::s3::test {

inline constexpr int64_t kMay2013 = 1'369'353'600;  // 20130524T000000Z

inline Credentials example_credentials() {
  Credentials credentials;
  credentials.access_key_id = "AKIAIOSFODNN7EXAMPLE";
  credentials.secret_key = Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
  return credentials;
}

inline Signer s3_signer() {
  return *Signer::create({"us-east-1", "s3"}, Rules::s3());
}

inline Signer generic_signer(Rules rules = Rules::generic()) {
  return *Signer::create({"us-east-1", "service"}, rules);
}

// Owns what a request borrows.
struct Example {
  std::string method = "GET";
  std::string target = "/";
  std::vector<HeaderView> headers = {{"Host", "examplebucket.s3.amazonaws.com"}};
  Payload payload;

  Request request() const { return {method, target, headers, payload, kMay2013}; }
};

inline std::string header_of(const Signed& made, std::string_view name) {
  for (const Header& header : made.headers) {
    if (header.name == name) return header.value;
  }
  return "";
}

}  // namespace qtap::s3::test
