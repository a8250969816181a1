// SPDX-License-Identifier: Apache-2.0
// The signer of libqtap for tests/tools/sigv4, which knows JSON. Reads lines of words in hex, each
// with an x before it so that none is empty; answers likewise.
//   set NAME VALUE | header NAME VALUE | trailer NAME VALUE | body BYTES
//   sign header|query     answers NAME VALUE lines, then "done"; error TEXT when it cannot
//   chunks SIZE...        answers "chunked_body BYTES" for the body in pieces of these sizes
//   new                   forgets the case
#include <charconv>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "s3/signer.h"

namespace {

using namespace qtap::s3;

std::string from_hex(const std::string& word) {
  std::string out;
  for (size_t at = 1; at + 1 < word.size(); at += 2) {
    out += static_cast<char>(std::stoi(word.substr(at, 2), nullptr, 16));
  }
  return out;
}

std::string to_hex(const std::string& text) {
  return "x" + hex({reinterpret_cast<const unsigned char*>(text.data()), text.size()});
}

struct Case {
  std::map<std::string, std::string> set;
  std::vector<std::pair<std::string, std::string>> headers;
  std::vector<std::pair<std::string, std::string>> trailers;
  std::string body;

  std::string get(const std::string& name) const {
    const auto found = set.find(name);
    return found == set.end() ? "" : found->second;
  }
  bool is_on(const std::string& name) const { return get(name) == "1"; }
};

PayloadKind kind_of(const std::string& word) {
  if (word == "unsigned") return PayloadKind::kUnsigned;
  if (word == "signed-chunks") return PayloadKind::kSignedChunks;
  if (word == "signed-chunks-trailer") return PayloadKind::kSignedChunksTrailer;
  if (word == "unsigned-chunks-trailer") return PayloadKind::kUnsignedChunksTrailer;
  return PayloadKind::kSigned;
}

void answer(const std::string& name, const std::string& value) {
  std::cout << name << ' ' << to_hex(value) << '\n';
}

// One question: everything that is borrowed lives here.
struct Question {
  explicit Question(const Case& asked)
      : method(asked.get("method")), target(asked.get("target")), body(asked.body) {
    for (const auto& [name, value] : asked.headers) headers.push_back({name, value});
    for (const auto& [name, value] : asked.trailers) {
      trailers.push_back({name, value});
      names.push_back(name);
    }
    request.method = method;
    request.target = target;
    request.headers = headers;
    request.payload.kind = kind_of(asked.get("payload"));
    request.payload.body = body;
    request.payload.decoded_length = body.size();
    request.payload.trailers = names;
    request.time_s = std::stoll(asked.get("time"));
    credentials.access_key_id = asked.get("access_key_id");
    credentials.secret_key = Secret(asked.get("secret_access_key"));
    credentials.session_token = Secret(asked.get("token"));
    rules.normalize_path = asked.is_on("normalize");
    rules.encode_twice = asked.is_on("double_encode");
    rules.content_sha256_header = asked.is_on("sign_body");
    rules.unsigned_presigned = asked.is_on("unsigned_presigned");
    rules.sign_token = !asked.is_on("omit_session_token");
  }
  std::string method, target, body;
  std::vector<HeaderView> headers, trailers;
  std::vector<std::string_view> names;
  Request request;
  Credentials credentials;
  Rules rules;
};

qtap::Status sign(const Case& asked, const std::string& how) {
  Question question(asked);
  QTAP_TRY(const Signer signer,
           Signer::create({asked.get("region"), asked.get("service")}, question.rules));
  QTAP_TRY(const Signed made, how == "query"
                                  ? signer.presign(question.request, question.credentials,
                                                   std::stoll(asked.get("expires")))
                                  : signer.sign(question.request, question.credentials));
  answer("canonical_request", made.canonical_request);
  answer("string_to_sign", made.string_to_sign);
  answer("signature", made.signature);
  answer("signed_headers", made.signed_headers);
  answer("target", made.target);
  for (const Header& header : made.headers) {
    std::cout << "header " << to_hex(header.name) << ' ' << to_hex(header.value) << '\n';
  }
  return {};
}

qtap::Status chunks(const Case& asked, std::istream& sizes) {
  Question question(asked);
  QTAP_TRY(const Signer signer,
           Signer::create({asked.get("region"), asked.get("service")}, question.rules));
  QTAP_TRY(const Signed made, signer.sign(question.request, question.credentials));
  QTAP_TRY(ChunkEncoder encoder,
           signer.encoder(made, question.request.payload, question.credentials,
                          std::stoul(asked.get("chunk_bytes"))));
  std::string out;
  std::string_view rest = question.body;
  for (size_t size = 0; sizes >> size;) {
    QTAP_CHECK(encoder.data(rest.substr(0, size), out));
    rest.remove_prefix(std::min(size, rest.size()));
  }
  QTAP_CHECK(encoder.data(rest, out));
  QTAP_CHECK(encoder.end(question.trailers, out));
  answer("chunked_body", out);
  return {};
}

}  // namespace

int main() {
  Case asked;
  std::string line;
  while (std::getline(std::cin, line)) {
    std::istringstream words(line);
    std::string word, first, second;
    words >> word;
    if (word == "new") {
      asked = {};
    } else if (word == "sign") {
      words >> first;
      if (const qtap::Status done = sign(asked, first); !done) answer("error", done.error().text);
      std::cout << "done" << std::endl;
    } else if (word == "chunks") {
      if (const qtap::Status done = chunks(asked, words); !done) answer("error", done.error().text);
      std::cout << "done" << std::endl;
    } else {
      words >> first >> second;
      if (word == "set") asked.set[from_hex(first)] = from_hex(second);
      if (word == "header") asked.headers.emplace_back(from_hex(first), from_hex(second));
      if (word == "trailer") asked.trailers.emplace_back(from_hex(first), from_hex(second));
      if (word == "body") asked.body = from_hex(first);
    }
  }
}
