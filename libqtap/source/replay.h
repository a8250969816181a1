// SPDX-License-Identifier: Apache-2.0
// In: a recording. Out: its records, in bounded memory.
// The session owns it and polls it from its own thread. A damaged recording is read up to the
// damage; what follows is lost, which the error of poll() tells with the position.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/fd.h"
#include "source/source.h"

namespace qtap::source {

class ReplaySource final : public Source {
 public:
  // QTAP_ERR_IO: the file cannot be read. QTAP_ERR_CORRUPT: it is no recording, or its head is
  // damaged. QTAP_ERR_UNSUPPORTED: of another version or byte order.
  static Result<std::unique_ptr<Source>> open(const std::string& path);

  const Origin& origin() const override { return origin_; }
  Status start() override { return {}; }
  // QTAP_ERR_CORRUPT with the byte offset: the file is damaged there. QTAP_ERR_IO: it cannot be
  // read on. Both come alone, once, in the call after the one that delivered the last records
  // before them.
  Result<int> poll(RecordSink& sink, int max_records) override;
  int fd() const override { return -1; }
  bool exhausted() const override { return at_end_; }
  void stop() override { at_end_ = true; }
  std::vector<std::string> attached() const override { return {"recording: " + path_}; }

 private:
  ReplaySource(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  Status read_head();
  Result<std::span<const uint8_t>> next_frame();
  Status fill(size_t need);
  Error corrupt(const std::string& what, uint64_t offset) const;
  size_t available() const { return buffer_.size() - start_; }
  std::span<const uint8_t> unread() const { return std::span(buffer_).subspan(start_); }

  UniqueFd fd_;
  std::string path_;
  Origin origin_;
  std::vector<uint8_t> buffer_;
  size_t start_ = 0;     // of the bytes in buffer_ that are not used yet
  uint64_t offset_ = 0;  // of these in the file
  bool at_end_ = false;
};

}  // namespace qtap::source
