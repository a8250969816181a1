// SPDX-License-Identifier: Apache-2.0
#include "net/http_transfer.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <new>
#include <utility>

#include "base/text.h"
#include "net/http_client.h"
#include "net/own_sockets.h"

namespace qtap::net {
namespace {

// Of the whole time that a request has.
constexpr long kConnectMs = 10'000;

// curl 7.88 speaks HTTP/2 without TLS on a connection once ("Error in the HTTP2 framing layer" the
// second time); curl 8.0.0 mended it.
constexpr unsigned kReusesPlainHttp2 = 0x080000;

// A query may hold a signature, a user part a password.
std::string without_secrets(std::string_view url) {
  url = url.substr(0, url.find_first_of("?#"));
  const size_t authority = url.find("://");
  const size_t begin = authority == std::string_view::npos ? 0 : authority + 3;
  const size_t end = std::min(url.find('/', begin), url.size());
  const size_t at = url.substr(0, end).rfind('@');
  if (at == std::string_view::npos || at < begin) return std::string(url);
  return std::string(url.substr(0, begin)).append(url.substr(at + 1));
}

// A line break would begin another field.
bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

std::string_view trimmed(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

uint16_t local_port(int fd) {
  sockaddr_storage address = {};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

// From C: nothing may be thrown; a port that is not noted is one that is captured.
// Before it connects: the kernel gives it the port now, so that it is known when the peer accepts.
int on_socket(void*, curl_socket_t fd, curlsocktype) {
  sockaddr_storage any = {};
  int family = 0;
  socklen_t family_size = sizeof(family);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &family_size) != 0) return CURL_SOCKOPT_OK;
  any.ss_family = static_cast<sa_family_t>(family);
  const socklen_t size = family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), size) != 0) return CURL_SOCKOPT_OK;
  try {
    OwnSockets::of_process().opened(local_port(fd));
  } catch (...) {
  }
  return CURL_SOCKOPT_OK;
}

int on_close(void*, curl_socket_t fd) {
  OwnSockets::of_process().closed(local_port(fd));
  return ::close(fd);
}

}  // namespace

std::string_view Reply::field(std::string_view name) const {
  const auto found = std::find_if(fields.begin(), fields.end(),
                                  [&](const Field& field) { return field.name == name; });
  return found == fields.end() ? std::string_view() : found->value;
}

Transfer::Transfer(const Libcurl& curl) : curl_(curl), easy_(curl.easy_init()) {
  if (easy_ == nullptr) throw std::bad_alloc();
}

Transfer::~Transfer() {
  curl_.slist_free_all(fields_);
  curl_.easy_cleanup(easy_);
}

Error Transfer::error(int status, const char* why) const {
  return {status, name_ + ": " + why};
}

bool Transfer::add_request_field(const std::string& line) {
  curl_slist* longer = curl_.slist_append(fields_, line.c_str());
  if (longer == nullptr) return false;
  fields_ = longer;
  return true;
}

Status Transfer::begin(const Request& request, size_t index, const ClientOptions& options) {
  curl_.easy_reset(easy_);  // keeps the connections
  curl_.slist_free_all(std::exchange(fields_, nullptr));
  why_ = {};
  reply_ = {};
  index_ = index;
  name_ = request.method + " " + without_secrets(request.url);
  // libcurl would wait for "100 Continue" before larger bodies, and send a type for every body.
  bool ok = add_request_field("Expect:") && add_request_field("Content-Type:");
  for (const std::string& field : request.fields) {
    if (!is_one_line(field)) return error(QTAP_ERR_INVALID, "a header field has a line break");
    ok = ok && add_request_field(field);
  }
  const auto set = [&](CURLoption option, auto value) {
    ok = ok && curl_.easy_setopt(easy_, option, value) == CURLE_OK;
  };
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  const bool is_plain = request.url.starts_with("http:");
  set(CURLOPT_HTTP_VERSION,
      static_cast<long>(request.http2 && is_plain ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
                                                  : CURL_HTTP_VERSION_2TLS));
  if (request.http2 && is_plain &&
      curl_.version_info(CURLVERSION_NOW)->version_num < kReusesPlainHttp2) {
    set(CURLOPT_FRESH_CONNECT, 1L);
    set(CURLOPT_FORBID_REUSE, 1L);
  }
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_PATH_AS_IS, 1L);  // keys of S3 may hold ".."
  set(CURLOPT_USERAGENT, options.user_agent.c_str());
  set(CURLOPT_HTTPHEADER, fields_);
  set(CURLOPT_TIMEOUT_MS, static_cast<long>(request.timeout.count()));
  set(CURLOPT_CONNECTTIMEOUT_MS, std::min(kConnectMs, static_cast<long>(request.timeout.count())));
  if (request.method == "HEAD") {
    set(CURLOPT_NOBODY, 1L);
  } else if (!request.body.empty() || request.method == "PUT" || request.method == "POST") {
    set(CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
    set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
  }
  if (request.method != "HEAD") set(CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (request.direct) set(CURLOPT_PROXY, "");
  if (!options.ca_file.empty()) set(CURLOPT_CAINFO, options.ca_file.c_str());
  set(CURLOPT_SSL_VERIFYPEER, options.verifies_peer ? 1L : 0L);
  set(CURLOPT_SSL_VERIFYHOST, options.verifies_peer ? 2L : 0L);
  set(CURLOPT_ERRORBUFFER, why_.data());
  set(CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  set(CURLOPT_WRITEDATA, this);
  set(CURLOPT_HEADERFUNCTION, &Transfer::on_field);
  set(CURLOPT_HEADERDATA, this);
  set(CURLOPT_PRIVATE, this);
  set(CURLOPT_SOCKOPTFUNCTION, &on_socket);
  set(CURLOPT_CLOSESOCKETFUNCTION, &on_close);
  if (!ok) return error(QTAP_ERR_INVALID, "libcurl refuses this request");
  return {};
}

// From C: nothing may be thrown. Less than all bytes: libcurl gives up.
size_t Transfer::on_body(char* data, size_t size, size_t count, void* self) {
  auto& transfer = *static_cast<Transfer*>(self);
  const std::string_view bytes(data, size * count);
  const std::string_view kept = bytes.substr(0, kMaxReplyBytes - transfer.reply_.body.size());
  transfer.reply_.is_truncated |= kept.size() < bytes.size();
  try {
    transfer.reply_.body.append(kept);
  } catch (...) {
    return 0;
  }
  return bytes.size();
}

size_t Transfer::on_field(char* data, size_t size, size_t count, void* self) {
  try {
    static_cast<Transfer*>(self)->add_field({data, size * count});
  } catch (...) {
    return 0;
  }
  return size * count;
}

void Transfer::add_field(std::string_view line) {
  if (line.starts_with("HTTP/")) {  // an interim response came before, or a proxy's
    reply_.fields.clear();
    return;
  }
  const size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  reply_.fields.push_back(
      {lower(trimmed(line.substr(0, colon))), std::string(trimmed(line.substr(colon + 1)))});
}

Result<Reply> Transfer::end(CURLcode code) {
  if (code != CURLE_OK) {
    const bool is_wrong = code == CURLE_URL_MALFORMAT || code == CURLE_UNSUPPORTED_PROTOCOL;
    const int again = code == CURLE_OPERATION_TIMEDOUT ? QTAP_ERR_TIMEOUT : QTAP_ERR_AGAIN;
    return error(is_wrong ? QTAP_ERR_INVALID : again,
                 why_[0] != '\0' ? why_.data() : curl_.easy_strerror(code));
  }
  long status = 0;
  curl_.easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &status);
  reply_.status = static_cast<int>(status);
  curl_off_t wait_s = 0;
  curl_.easy_getinfo(easy_, CURLINFO_RETRY_AFTER, &wait_s);
  if (wait_s > 0) reply_.retry_after = std::chrono::seconds(wait_s);
  return std::move(reply_);
}

}  // namespace qtap::net
