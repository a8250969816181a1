// SPDX-License-Identifier: Apache-2.0
// What comes from elsewhere when credentials are looked for: XML of STS, JSON, the shared files, a
// command line, a time. No text of an error has a byte of a secret: it is printable and short.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "gcs/service_account.h"
#include "s3/credential_json.h"
#include "s3/multipart.h"
#include "s3/process.h"
#include "s3/profiles.h"
#include "s3/sts.h"
#include "s3/timestamp.h"
#include "s3/xml.h"

using namespace qtap::s3;

namespace {

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "s3 replies: %s\n", what);
  abort();
}

void check_error(const qtap::Error& error) {
  must(!error.text.empty() && error.text.size() < 300, "an error without a text, or a long one");
  must(std::all_of(error.text.begin(), error.text.end(),
                   [](char c) { return c >= ' ' && c < 0x7f; }),
       "an error that is not printable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto reply = parse_sts_reply(text);
  if (!reply) check_error(reply.error());
  for (const auto dialect :
       {JsonDialect::kProcess, JsonDialect::kContainer, JsonDialect::kInstance}) {
    const auto credentials = credentials_of_json(text, dialect);
    if (!credentials) {
      check_error(credentials.error());
    } else {
      must(!credentials->access_key_id.empty() && !credentials->secret_key.empty(), "empty keys");
    }
  }
  const auto sections = parse_ini(text);
  if (!sections) check_error(sections.error());
  const auto words = split_command(text);
  if (!words) {
    check_error(words.error());
  } else {
    must(!words->empty(), "no words");
  }
  const XmlAnswer answer = read_xml_answer(text);
  must(answer.code.size() <= 200 && answer.message.size() <= 200, "a long text of an answer");
  if (const auto id = upload_id_of(text); !id.ok()) check_error(id.error());
  if (const auto account = qtap::gcs::read_service_account(text); !account.ok()) {
    check_error(account.error());
  }
  if (const auto token = qtap::gcs::read_token(text); !token.ok()) check_error(token.error());
  must(qtap::gcs::refusal_of(text).size() <= 402, "a long text of a refusal");
  if (const auto time = parse_time(text)) {
    // The widest offset puts it a day outside of the years that can be written.
    must(*time >= kFirstSecond - 86'400 && *time <= kLastSecond + 86'400, "a time that is none");
  }
  return 0;
}
