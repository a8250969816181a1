// SPDX-License-Identifier: Apache-2.0
#include "sink/send_outcome.h"

#include <simdjson.h>

#include "sink/upload.h"

namespace qtap::sink {
namespace {

constexpr size_t kMaxText = 200;

Error failed(int status, std::string_view why) {
  return Error{"QT171", status, std::string("Failed to send events: ").append(why)};
}

std::string in_words(int status) {
  switch (status) {
    case 401:
    case 403:
      return "Access Denied";
    case 404:
      return "Not found";
    default:
      return "HTTP status " + std::to_string(status);
  }
}

}  // namespace

Error events_refused(std::string_view why) {
  return failed(QTAP_ERR_IO, why);
}

Error events_delayed(std::string_view why) {
  return failed(QTAP_ERR_AGAIN, why);
}

Status send_outcome(const Result<net::Reply>& reply, std::string_view said) {
  if (!reply.ok()) {
    const int status = reply.error().status;
    return failed(status == QTAP_ERR_TIMEOUT ? QTAP_ERR_AGAIN : status, reply.error().text);
  }
  if (reply->status >= 200 && reply->status < 300) return {};
  std::string why = in_words(reply->status);
  if (!said.empty()) why.append(" (").append(said).append(1, ')');
  return may_pass(reply->status) ? events_delayed(why) : events_refused(why);
}

std::string short_line(std::string_view text) {
  std::string out(text.substr(0, text.find_first_of("\r\n")).substr(0, kMaxText));
  for (char& c : out) {
    if (c < ' ' || c > '~') c = ' ';
  }
  return out;
}

std::string json_message(std::string_view document) {
  simdjson::dom::parser parser;
  simdjson::dom::object object;
  if (parser.parse(document.data(), document.size()).get(object) != simdjson::SUCCESS) return "";
  std::string_view text;
  for (const char* name : {"message", "error"}) {
    if (object[name].get(text) == simdjson::SUCCESS) return short_line(text);
  }
  return "";
}

}  // namespace qtap::sink
