// SPDX-License-Identifier: Apache-2.0
#include "sink/upload.h"

#include <algorithm>

#include "s3/xml.h"

namespace qtap::sink {
namespace {

// " (SlowDown: Reduce your request rate.)", as far as the answer says so.
std::string details(const net::Reply& reply) {
  s3::XmlAnswer answer = s3::read_xml_answer(reply.body);
  const std::string& code = answer.code;
  std::string& message = answer.message;
  // Azure goes on with lines that differ for each request: the same reason is told once.
  if (const size_t end = message.find(" RequestId:"); end != std::string::npos) message.resize(end);
  if (code.empty() && message.empty()) return "";
  const bool is_clock = code == "RequestTimeTooSkewed";
  return " (" + code + (code.empty() || message.empty() ? "" : ", ") + message + ")" +
         (is_clock ? "; set the clock of this machine" : "");
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

bool may_pass(int status) {
  return status == 408 || status == 429 || status >= 500;
}

Status upload_outcome(const Result<net::Reply>& reply) {
  if (reply.ok() && (reply->status == 200 || reply->status == 201)) return {};
  int status = reply.ok() ? QTAP_ERR_IO : reply.error().status;
  if (status == QTAP_ERR_TIMEOUT || (reply.ok() && may_pass(reply->status))) {
    status = QTAP_ERR_AGAIN;
  }
  return Error{"QT160", status,
               "Failed to upload to object storage: " +
                   (reply.ok() ? in_words(*reply) + details(*reply) : reply.error().text)};
}

void AskedToWait::add(const Result<net::Reply>& reply) {
  if (!reply.ok() || !reply->retry_after) return;
  longest_ = std::max<std::chrono::nanoseconds>(longest_, *reply->retry_after);
}

}  // namespace qtap::sink
