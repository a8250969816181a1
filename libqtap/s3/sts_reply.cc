// SPDX-License-Identifier: Apache-2.0
// The XML of STS, read by expat. Documents with a DTD are refused: STS sends none, and entities
// would be a way to make much of little.
#include <expat.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "s3/sts.h"

namespace qtap::s3 {
namespace {

constexpr size_t kMaxBytes = 64 * 1024;
constexpr int kMaxDepth = 32;

struct Reading {
  XML_Parser parser = nullptr;
  StsReply reply;
  std::string text;  // of the innermost element
  int depth = 0;
  bool is_strange = false;

  ~Reading() { cleanse(text.data(), text.size()); }
};

Reading& reading_of(void* user) {
  return *static_cast<Reading*>(user);
}

void stop(Reading& reading) {
  reading.is_strange = true;
  XML_StopParser(reading.parser, XML_FALSE);
}

void XMLCALL on_start(void* user, const XML_Char*, const XML_Char**) {
  Reading& reading = reading_of(user);
  cleanse(reading.text.data(), reading.text.size());
  reading.text.clear();
  if (++reading.depth > kMaxDepth) stop(reading);
}

void XMLCALL on_end(void* user, const XML_Char* name) {
  Reading& reading = reading_of(user);
  --reading.depth;
  StsReply& to = reading.reply;
  const std::string_view element = name;
  const auto keep = [&](std::string_view wanted, std::string& into) {
    if (element == wanted && into.empty()) into = reading.text;
  };
  keep("AccessKeyId", to.access_key_id);
  keep("Expiration", to.expiration);
  keep("Code", to.error_code);
  keep("Message", to.error_message);
  if (element == "SecretAccessKey") to.secret_key = Secret(reading.text);
  if (element == "SessionToken") to.session_token = Secret(reading.text);
  cleanse(reading.text.data(), reading.text.size());
  reading.text.clear();
}

void XMLCALL on_text(void* user, const XML_Char* text, int len) {
  reading_of(user).text.append(text, static_cast<size_t>(len));
}

void XMLCALL on_doctype(void* user, const XML_Char*, const XML_Char*, const XML_Char*, int) {
  stop(reading_of(user));
}

struct Free {
  void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
};

}  // namespace

Result<StsReply> parse_sts_reply(std::string_view xml) {
  if (xml.size() > kMaxBytes) return Error(QTAP_ERR_LIMIT, "XML: has more than 64 KiB");
  const std::unique_ptr<XML_ParserStruct, Free> parser(XML_ParserCreate(nullptr));
  if (!parser) return Error(QTAP_ERR_NOMEM, "out of memory");
  Reading reading;
  reading.text.reserve(xml.size());  // so that it leaves no copy where it grew
  reading.parser = parser.get();
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  if (XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE) ==
          XML_STATUS_OK &&
      !reading.is_strange) {
    return std::move(reading.reply);
  }
  return Error(QTAP_ERR_INVALID, "XML: byte " +
                                     std::to_string(XML_GetCurrentByteIndex(parser.get())) +
                                     ": is not what STS sends");
}

}  // namespace qtap::s3
