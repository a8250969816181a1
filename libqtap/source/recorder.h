// SPDX-License-Identifier: Apache-2.0
// In: Record. Out: a recording. Used on the session's thread. The file holds plain text: mode 0600.
// A record that cannot be written is an error for that record; the caller counts it and goes on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "source/source.h"

namespace qtap::source {

class Recorder {
 public:
  // QTAP_ERR_IO: the file cannot be created.
  static Result<std::unique_ptr<Recorder>> create(const std::string& path, const Origin& origin);
  ~Recorder();

  // Buffered. QTAP_ERR_IO: this and the buffered records before it are not in the file; whole frames only ever are.
  Status append(const Record& record);
  Status close();

 private:
  Recorder(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status flush();

  UniqueFd fd_;
  std::string path_;
  std::vector<uint8_t> buffer_;
  std::vector<uint8_t> record_;
  int64_t written_ = 0;  // bytes of whole frames in the file
};

}  // namespace qtap::source
