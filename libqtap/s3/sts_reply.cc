// SPDX-License-Identifier: Apache-2.0
#include <string_view>

#include "s3/sts.h"
#include "s3/xml.h"

namespace qtap::s3 {

Result<StsReply> parse_sts_reply(std::string_view xml) {
  StsReply reply;
  QTAP_CHECK(read_xml(xml, [&](std::string_view name, std::string_view text, int) {
    const auto keep = [&](std::string_view wanted, std::string& into) {
      if (name == wanted && into.empty()) into = text;
    };
    keep("AccessKeyId", reply.access_key_id);
    keep("Expiration", reply.expiration);
    keep("Code", reply.error_code);
    keep("Message", reply.error_message);
    if (name == "SecretAccessKey") reply.secret_key = Secret(text);
    if (name == "SessionToken") reply.session_token = Secret(text);
  }));
  return reply;
}

}  // namespace qtap::s3
