// SPDX-License-Identifier: Apache-2.0
// One exchange: a request in libcurl's terms, and what of the reply has come. Owned by HttpClient.
#pragma once

#include <array>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http.h"
#include "net/libcurl.h"

namespace qtap::net {

struct ClientOptions;

class Transfer {
 public:
  explicit Transfer(const Libcurl& curl);
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  // QTAP_ERR_INVALID: it cannot be sent.
  Status begin(const Request& request, size_t index, const ClientOptions& options);
  // What came, or why nothing did. `code`: as libcurl told.
  Result<Reply> end(CURLcode code);
  Error error(int status, const char* why) const;

  CURL* handle() const { return easy_; }
  size_t index() const { return index_; }  // of its request

 private:
  static size_t on_body(char* data, size_t size, size_t count, void* self);
  static size_t on_field(char* data, size_t size, size_t count, void* self);
  void add_field(std::string_view line);
  bool add_request_field(const std::string& line);

  const Libcurl& curl_;
  CURL* easy_;
  curl_slist* fields_ = nullptr;
  std::array<char, CURL_ERROR_SIZE> why_ = {};
  std::string name_;  // "PUT http://host/path", without what may be secret
  size_t index_ = 0;
  Reply reply_;
};

}  // namespace qtap::net
