// SPDX-License-Identifier: Apache-2.0
// An HTTP server on loopback that answers as a test says: each connection has a thread, which reads
// a request whole, asks the script, and writes what that returns. "" closes the connection instead.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace qtap::test {

class ScriptedServer {
 public:
  using Script = std::function<std::string(const std::string& request)>;

  explicit ScriptedServer(Script script) : script_(std::move(script)) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_, any, size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, any, &size) != 0) {
      std::abort();
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }

  ~ScriptedServer() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : connections_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    for (const int fd : connections_) ::close(fd);
    ::close(listener_);
  }

  std::string url(const std::string& target) const {
    return "http://127.0.0.1:" + std::to_string(port_) + target;
  }
  uint16_t port() const { return port_; }
  // Of the connection that was accepted last.
  uint16_t peer_port() const {
    const std::lock_guard lock(mutex_);
    sockaddr_in address = {};
    socklen_t size = sizeof(address);
    if (::getpeername(connections_.back(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      return 0;
    }
    return ntohs(address.sin_port);
  }
  size_t connections() const {
    const std::lock_guard lock(mutex_);
    return connections_.size();
  }
  std::vector<std::string> requests() const {
    const std::lock_guard lock(mutex_);
    return requests_;
  }

  static std::string reply(int status, const std::string& body, const std::string& fields = "") {
    return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + fields +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      connections_.push_back(fd);
      threads_.emplace_back([this, fd] { serve(fd); });
    }
  }

  // Length of the request that `bytes` begins with, or 0: not whole.
  static size_t whole(const std::string& bytes) {
    const size_t head = bytes.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    const size_t length = bytes.find("Content-Length: ");
    const size_t body = length < head ? std::strtoul(bytes.c_str() + length + 16, nullptr, 10) : 0;
    return bytes.size() >= head + 4 + body ? head + 4 + body : 0;
  }

  void serve(int fd) {
    std::string bytes;
    char piece[16384];
    for (;;) {
      const size_t size = whole(bytes);
      if (size == 0) {
        const ssize_t got = ::read(fd, piece, sizeof(piece));
        if (got <= 0) break;
        bytes.append(piece, static_cast<size_t>(got));
        continue;
      }
      const std::string request = bytes.substr(0, size);
      bytes.erase(0, size);
      {
        const std::lock_guard lock(mutex_);
        requests_.push_back(request);
      }
      const std::string said = script_(request);
      if (said.empty() || ::send(fd, said.data(), said.size(), MSG_NOSIGNAL) < 0) break;
    }
    ::shutdown(fd, SHUT_RDWR);
  }

  Script script_;
  int listener_ = -1;
  uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::vector<int> connections_;
  std::vector<std::string> requests_;
  std::vector<std::thread> threads_;  // of connections
  std::thread acceptor_;
};

}  // namespace qtap::test
