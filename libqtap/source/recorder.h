// SPDX-License-Identifier: Apache-2.0
// In: Record. Out: a recording (docs/recording-format.md). Used on the session's thread. It holds
// plain text: mode 0600. Capture goes on when the file cannot be written: records_lost() counts
// what is missing in it, and a kLoss record tells so to whoever replays it, as soon as writing
// works again.
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
  // A regular file that has this name already is replaced, not overwritten, and only when nothing
  // can fail any more: a replay that reads it goes on unharmed, an error leaves it as it was.
  // QTAP_ERR_INVALID: the name belongs to something else. QTAP_ERR_IO: the file cannot be created.
  static Result<std::unique_ptr<Recorder>> create(const std::string& path, const Origin& origin);
  ~Recorder();

  // Buffered, and written at each kTick at the latest. QTAP_ERR_IO: this record and those that were
  // buffered are not in the file, which holds whole records all the same. QTAP_ERR_STATE: closed
  // before.
  Status append(const Record& record);
  Status close();

  uint64_t records_lost() const { return lost_; }

 private:
  Recorder(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}
  void put(const Record& record);
  void put_losses(uint64_t time_ns);
  Status flush();
  Error give_up_buffer(int error);

  UniqueFd fd_;
  std::string path_;
  std::vector<uint8_t> buffer_;
  std::vector<uint8_t> record_;
  uint64_t buffered_ = 0;  // records of the caller in buffer_
  int64_t written_ = 0;    // bytes in the file: the head and whole frames
  bool broken_ = false;    // the file ends in a part of a frame that could not be taken back
  uint64_t lost_ = 0;
  uint64_t told_lost_ = 0;  // value of lost_ in the last loss record
  Record losses_;           // what the source has told last
};

}  // namespace qtap::source
