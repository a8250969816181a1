// SPDX-License-Identifier: Apache-2.0
#include "s3/multipart.h"

#include <algorithm>

#include "s3/xml.h"

namespace qtap::s3 {
namespace {

constexpr uint64_t kMiB = 1u << 20;

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      default:
        out += c;
    }
  }
}

void append_element(std::string& out, const char* name, std::string_view text) {
  out.append("<").append(name).append(">");
  append_escaped(out, text);
  out.append("</").append(name).append(">");
}

}  // namespace

uint64_t part_bytes(uint64_t bytes) {
  const uint64_t least = (bytes + kMaxParts - 1) / kMaxParts;
  return std::max(kPartBytes, (least + kMiB - 1) / kMiB * kMiB);
}

std::string complete_document(std::span<const UploadedPart> parts) {
  std::string out = "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">";
  for (size_t i = 0; i < parts.size(); ++i) {
    out += "<Part>";
    append_element(out, "PartNumber", std::to_string(i + 1));
    append_element(out, "ETag", parts[i].etag);
    if (!parts[i].checksum.empty()) append_element(out, "ChecksumSHA256", parts[i].checksum);
    out += "</Part>";
  }
  return out + "</CompleteMultipartUpload>";
}

Result<std::string> upload_id_of(std::string_view xml) {
  std::string id;
  QTAP_CHECK(read_xml(xml, [&](std::string_view name, std::string_view text, int depth) {
    if (name == "UploadId" && depth == 2) id = text;
  }));
  if (id.empty()) return Error(QTAP_ERR_INVALID, "the answer names no UploadId");
  return id;
}

}  // namespace qtap::s3
