// SPDX-License-Identifier: Apache-2.0
// A file of lines that is renamed when it is full or old: PATH.1, PATH.2 and so on, the oldest is
// removed. One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"

namespace qtap::sink {

struct Rotation {
  uint64_t max_bytes = 0;
  int64_t max_age_ns = 0;  // 0: at any age
  uint32_t keep = 0;       // renamed ones
};

class RotatedFile {
 public:
  RotatedFile(std::string path, const Rotation& rotation)
      : path_(std::move(path)), rotation_(rotation) {}

  // Opens it at its end; made where it is missing, mode 0600. A line that a crash has cut is ended.
  // QTAP_ERR_IO.
  Status open();
  // Opens the one of that name again if somebody moved or removed it meanwhile, or made it shorter.
  Status follow();
  // Whether it is full, for `next` more bytes, or too old. One line alone may be longer than a
  // file.
  bool is_due(size_t next, int64_t now_ns) const;
  // Renames it and begins another. QTAP_ERR_IO.
  Status rotate();

  // Appends whole lines. On failure `written` says how many bytes of them stay, which end with a
  // line: the rest of a broken one is taken back. QTAP_ERR_AGAIN: the disk is full.
  Status append(std::string_view lines, size_t& written);
  Status sync();

  // How many bytes it still takes.
  uint64_t room() const { return size_ < rotation_.max_bytes ? rotation_.max_bytes - size_ : 0; }

 private:
  std::string numbered(uint32_t number) const { return path_ + "." + std::to_string(number); }
  Status end_cut_line();

  std::string path_;
  Rotation rotation_;
  UniqueFd fd_;
  uint64_t device_ = 0;
  uint64_t inode_ = 0;
  uint64_t size_ = 0;
  int64_t begun_ns_ = 0;  // since 1970
};

}  // namespace qtap::sink
