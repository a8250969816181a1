// SPDX-License-Identifier: Apache-2.0
#include "s3/credential_json.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "s3/timestamp.h"

namespace qtap::s3 {
namespace {

namespace dom = simdjson::dom;

constexpr size_t kMaxBytes = 64 * 1024;

Error wrong(std::string text) {
  return {QTAP_ERR_INVALID, std::move(text)};
}

// What the parser has unescaped is overwritten when it has been read: its memory is not ours.
class Reply {
 public:
  explicit Reply(dom::object object) : object_(object) {}
  ~Reply() {
    for (const auto& [key, value] : object_) {
      std::string_view text;
      if (value.get(text) == simdjson::SUCCESS)
        cleanse(const_cast<char*>(text.data()), text.size());
    }
  }
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;

  bool has(std::string_view name) const {
    dom::element element;
    return object_.at_key(name).get(element) == simdjson::SUCCESS && !element.is_null();
  }
  std::string_view text(std::string_view name) const {
    std::string_view out;
    return object_.at_key(name).get(out) == simdjson::SUCCESS ? out : std::string_view();
  }
  bool is_number(std::string_view name, int64_t expected) const {
    int64_t out = 0;
    return object_.at_key(name).get(out) == simdjson::SUCCESS && out == expected;
  }

 private:
  dom::object object_;
};

Status check_success(const Reply& reply, JsonDialect dialect) {
  if (dialect == JsonDialect::kProcess && !reply.is_number("Version", 1)) {
    return wrong("Version: expected 1");
  }
  if (dialect != JsonDialect::kInstance || !reply.has("Code")) return {};
  const std::string_view code = reply.text("Code");
  if (code == "Success") return {};
  return wrong("Code: expected Success, got " + (is_token(code) ? std::string(code) : "another"));
}

Result<Credentials> read(const Reply& reply, JsonDialect dialect) {
  QTAP_CHECK(check_success(reply, dialect));
  const bool is_process = dialect == JsonDialect::kProcess;
  const char* token = is_process ? "SessionToken" : "Token";
  for (const char* name : {"AccessKeyId", "SecretAccessKey", token, "Expiration"}) {
    const bool is_optional =
        is_process && (name == token || std::string_view(name) == "Expiration");
    if (is_optional && !reply.has(name)) continue;
    if (reply.text(name).empty()) return wrong(std::string(name) + ": is missing, or no text");
  }
  Credentials out;
  out.access_key_id = reply.text("AccessKeyId");
  out.secret_key = Secret(reply.text("SecretAccessKey"));
  out.session_token = Secret(reply.text(token));
  out.account_id = reply.text("AccountId");
  if (reply.has("Expiration")) {
    out.expires_s = parse_time(reply.text("Expiration"));
    if (!out.expires_s) return wrong("Expiration: expected a time of ISO 8601");
  }
  return out;
}

}  // namespace

Result<Credentials> credentials_of_json(std::string_view text, JsonDialect dialect) {
  if (text.size() > kMaxBytes) return Error(QTAP_ERR_LIMIT, "JSON: has more than 64 KiB");
  // The parser wants room behind the text; a copy that it makes itself would stay in memory.
  std::vector<char> padded(text.size() + simdjson::SIMDJSON_PADDING);
  std::copy(text.begin(), text.end(), padded.begin());
  dom::parser parser;
  dom::object object;
  const auto failed =
      parser.parse(padded.data(), text.size(), /*realloc_if_needed=*/false).get(object);
  cleanse(padded.data(), padded.size());
  if (failed != simdjson::SUCCESS) return wrong("expected a JSON object");
  return read(Reply(object), dialect);
}

}  // namespace qtap::s3
