// SPDX-License-Identifier: Apache-2.0
#include "sink/upload.h"

#include <algorithm>

namespace qtap::sink {
namespace {

constexpr size_t kMaxText = 200;

bool may_retry(int status) {
  return status == 408 || status == 429 || status >= 500;
}

// " (SlowDown: Reduce your request rate.)", as far as the answer says so.
std::string details(const net::Reply& reply) {
  const std::string code = xml_text(reply.body, "Code");
  const std::string message = xml_text(reply.body, "Message");
  if (code.empty() && message.empty()) return "";
  return " (" + code + (code.empty() || message.empty() ? "" : ", ") + message + ")";
}

std::string in_words(const net::Reply& reply) {
  switch (reply.status) {
    case 401:
    case 403:
      return "Access Denied";
    case 404:
      return "No such bucket";
    default:
      return "HTTP status " + std::to_string(reply.status);
  }
}

}  // namespace

Status upload_outcome(const Result<net::Reply>& reply) {
  if (reply.ok() && (reply->status == 200 || reply->status == 201)) return {};
  int status = reply.ok() ? QTAP_ERR_IO : reply.error().status;
  if (status == QTAP_ERR_TIMEOUT || (reply.ok() && may_retry(reply->status))) {
    status = QTAP_ERR_AGAIN;
  }
  return Error{"QT160", status,
               "Failed to upload to object storage: " +
                   (reply.ok() ? in_words(*reply) + details(*reply) : reply.error().text)};
}

std::string xml_text(std::string_view document, std::string_view element) {
  const std::string begin = "<" + std::string(element) + ">";
  const size_t at = document.find(begin);
  if (at == std::string_view::npos) return "";
  std::string_view text = document.substr(at + begin.size());
  text = text.substr(0, std::min(text.find('<'), kMaxText));
  std::string out(text);
  for (char& c : out) {
    if (c < ' ' || c > '~') c = ' ';
  }
  return out;
}

void AskedToWait::add(const Result<net::Reply>& reply) {
  if (!reply.ok() || !reply->retry_after) return;
  longest_ = std::max<std::chrono::nanoseconds>(longest_, *reply->retry_after);
}

}  // namespace qtap::sink
