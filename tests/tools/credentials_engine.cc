// SPDX-License-Identifier: Apache-2.0
// Searches for credentials as the S3 store does, with this process's environment and files, and a
// plain HTTP/1.0 client that only tests use. Prints one line: access key, SHA-256 of the secret
// key, session token, expiry (seconds since 1970, or -), source. Exit code 1: none; the error is
// on standard error.
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sha256.h"
#include "s3/credential_chain.h"

namespace {

using namespace qtap::s3;
using qtap::Error;
using qtap::Result;

bool connect_to(const std::string& host, const std::string& port, qtap::UniqueFd& ret) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &hints, &found) != 0) return false;
  ret.reset(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const bool is_connected = ret && ::connect(ret.get(), found->ai_addr, found->ai_addrlen) == 0;
  freeaddrinfo(found);
  return is_connected;
}

std::string text_of(const FetchRequest& request, const std::string& authority,
                    const std::string& target) {
  std::string text = request.method + " " + target + " HTTP/1.0\r\nHost: " + authority + "\r\n";
  for (const Header& header : request.headers) {
    if (header.name != "content-length") text += header.name + ": " + header.value + "\r\n";
  }
  return text + "content-length: " + std::to_string(request.body.size()) + "\r\n\r\n" +
         request.body;
}

Result<FetchResponse> fetch(const FetchRequest& request) {
  const std::string rest = request.url.substr(request.url.find("://") + 3);
  const std::string authority = rest.substr(0, rest.find('/'));
  const size_t colon = authority.rfind(':');
  qtap::UniqueFd fd;
  if (!request.url.starts_with("http://") || colon == std::string::npos ||
      !connect_to(authority.substr(0, colon), authority.substr(colon + 1), fd)) {
    return Error(QTAP_ERR_IO, "cannot connect");
  }
  const std::string text = text_of(request, authority, rest.substr(rest.find('/')));
  if (::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(text.size())) {
    return Error(QTAP_ERR_IO, "cannot send");
  }
  std::string got;
  const int64_t until_ns = qtap::monotonic_ns() + request.timeout_ns;
  for (char block[4096];;) {
    pollfd one = {fd.get(), POLLIN, 0};
    const auto left_ms = static_cast<int>((until_ns - qtap::monotonic_ns()) / 1'000'000);
    if (left_ms <= 0 || ::poll(&one, 1, left_ms) <= 0) return Error(QTAP_ERR_TIMEOUT, "timed out");
    const ssize_t len = ::read(fd.get(), block, sizeof block);
    if (len <= 0) break;
    got.append(block, static_cast<size_t>(len));
  }
  const size_t body = got.find("\r\n\r\n");
  if (body == std::string::npos || got.size() < 12) return Error(QTAP_ERR_IO, "no response");
  return FetchResponse{std::stoi(got.substr(9, 3)), {}, got.substr(body + 4)};
}

}  // namespace

int main(int argc, char** argv) {
  ChainOptions options;
  if (argc > 1) options.profile = argv[1];
  const auto found = find_credentials(real_surroundings(fetch), options);
  if (!found) {
    std::fprintf(stderr, "%s\n", found.error().text.c_str());
    return 1;
  }
  const std::string_view token = found->session_token.reveal();
  std::printf("%s\t%s\t%.*s\t%s\t%s\n", found->access_key_id.c_str(),
              qtap::sha256_hex(found->secret_key.reveal()).c_str(), static_cast<int>(token.size()),
              token.data(), found->expires_s ? std::to_string(*found->expires_s).c_str() : "-",
              found->source.c_str());
}
