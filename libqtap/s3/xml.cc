// SPDX-License-Identifier: Apache-2.0
#include "s3/xml.h"

#include <expat.h>

#include <memory>

#include "s3/secret.h"

namespace qtap::s3 {
namespace {

constexpr size_t kMaxBytes = 64 * 1024;
constexpr int kMaxDepth = 32;
constexpr size_t kMaxAnswerText = 200;

struct Reading {
  XML_Parser parser = nullptr;
  const XmlElementFn& on_element;
  std::string text = {};  // of the innermost element
  int depth = 0;
  bool is_strange = false;

  ~Reading() { cleanse(text.data(), text.size()); }
  void forget() {
    cleanse(text.data(), text.size());
    text.clear();
  }
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
  reading.forget();
  if (++reading.depth > kMaxDepth) stop(reading);
}

void XMLCALL on_end(void* user, const XML_Char* name) {
  Reading& reading = reading_of(user);
  reading.on_element(name, reading.text, reading.depth);
  reading.forget();
  --reading.depth;
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

std::string printable(std::string_view text) {
  std::string out(text.substr(0, kMaxAnswerText));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = ' ';
  }
  return out;
}

}  // namespace

Status read_xml(std::string_view xml, const XmlElementFn& on_element) {
  if (xml.size() > kMaxBytes) return Error(QTAP_ERR_LIMIT, "XML: has more than 64 KiB");
  const std::unique_ptr<XML_ParserStruct, Free> parser(XML_ParserCreate(nullptr));
  if (!parser) return Error(QTAP_ERR_NOMEM, "out of memory");
  Reading reading{.parser = parser.get(), .on_element = on_element};
  reading.text.reserve(xml.size());  // so that it leaves no copy where it grew
  XML_SetUserData(parser.get(), &reading);
  XML_SetElementHandler(parser.get(), on_start, on_end);
  XML_SetCharacterDataHandler(parser.get(), on_text);
  XML_SetStartDoctypeDeclHandler(parser.get(), on_doctype);
  if (XML_Parse(parser.get(), xml.data(), static_cast<int>(xml.size()), XML_TRUE) ==
          XML_STATUS_OK &&
      !reading.is_strange) {
    return {};
  }
  return Error(QTAP_ERR_INVALID, "XML: byte " +
                                     std::to_string(XML_GetCurrentByteIndex(parser.get())) +
                                     ": is not what such a service sends");
}

XmlAnswer read_xml_answer(std::string_view xml) {
  XmlAnswer answer;
  const Status status = read_xml(xml, [&](std::string_view name, std::string_view text, int depth) {
    if (name == "Code" && answer.code.empty()) answer.code = printable(text);
    if (name == "Message" && answer.message.empty()) answer.message = printable(text);
    if (depth == 1) answer.root = name;
  });
  if (!status.ok()) answer.root.clear();
  return answer;
}

}  // namespace qtap::s3
