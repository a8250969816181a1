// SPDX-License-Identifier: Apache-2.0
// The XML of STS and of storages, read by expat: which texts stand in which elements. Documents
// with a DTD are refused: these services send none, and entities would be a way to make much of
// little.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace qtap::s3 {

// Called where an element ends; `depth` 1 is the root. `text` is what stood in it behind its last
// child, unescaped; it is wiped afterwards, since it may be secret.
using XmlElementFn = std::function<void(std::string_view name, std::string_view text, int depth)>;

// Elements that ended before a mistake have been told. QTAP_ERR_LIMIT: longer than 64 KiB.
// QTAP_ERR_INVALID: no XML, a DTD, or more than 32 levels; the text says at which byte.
Status read_xml(std::string_view xml, const XmlElementFn& on_element);

// What an answer says about itself, of all these services: the first of each name.
struct XmlAnswer {
  std::string root;     // "Error", "CompleteMultipartUploadResult"; "" = it is no whole document
  std::string code;     // <Code>: printable, 200 bytes at most, as is the next
  std::string message;  // <Message>
};
XmlAnswer read_xml_answer(std::string_view xml);

}  // namespace qtap::s3
