// SPDX-License-Identifier: Apache-2.0
// In: what a store could not be given. Out: the same, later, also to the next process: a directory
// of files that are written to their end and removed when nothing in them waits any more. Bounded;
// beyond that the oldest file goes, with all that waits in it. What was written survives the end of
// the process, however it ends; not a power cut, since nothing waits for the disk. One process at a
// time; any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "sink/spool_record.h"

namespace qtap::sink {

// Read from any thread.
struct SpoolCounters {
  std::atomic<uint64_t> waiting{0};          // items that are not done yet
  std::atomic<uint64_t> bytes{0};            // of all files
  std::atomic<uint64_t> written{0};          // items
  std::atomic<uint64_t> found{0};            // items that an earlier process had left, cut ones too
  std::atomic<uint64_t> dropped_full{0};     // the oldest, beyond the bound
  std::atomic<uint64_t> dropped_corrupt{0};  // could not be read back; what a crash cut counts too
};

class Spool {
 public:
  struct Id {
    uint64_t file = 0;
    uint64_t offset = 0;
    bool operator==(const Id&) const = default;
    bool operator<(const Id& other) const {
      return file != other.file ? file < other.file : offset < other.offset;
    }
  };
  struct Waiting {
    Id id;
    SpoolItem item;
  };

  // Makes the directory, mode 0700; files have 0600. QTAP_ERR_IO, QTAP_ERR_STATE: another process
  // has it.
  static Result<std::unique_ptr<Spool>> open(const std::string& dir, uint64_t max_bytes);
  ~Spool();

  // QTAP_ERR_IO: the disk does not take it; QTAP_ERR_LIMIT: it is larger than the bound. Then
  // nothing of it is left.
  Status put(const SpoolItem& item);

  // The next ones that wait, of one kind, at most so many and not more than `most_bytes` unless the
  // first one alone is; after the last one it begins again with the first. They wait until done().
  std::vector<Waiting> next(size_t most, uint64_t most_bytes);

  // False: it went with the oldest meanwhile, and counts as dropped.
  bool done(const Id& id);

  bool is_empty() const { return counters_.waiting == 0; }
  const SpoolCounters& counters() const { return counters_; }
  const std::string& dir() const { return dir_; }

 private:
  struct File {
    uint64_t number = 0;
    UniqueFd fd;
    uint64_t bytes = 0;
    uint64_t waiting = 0;
  };
  using Files = std::list<File>;

  Spool(std::string dir, uint64_t max_bytes);
  Status lock();
  Status take_over_files();
  Status take_over(uint64_t number);
  std::string path_of(uint64_t number) const;
  Status begin_file();
  Status append(File& file, const SpoolItem& item, std::string_view prefix);
  bool read_next(Waiting& ret);
  Result<SpoolHead> read_head(const File& file, uint64_t offset) const;
  void cut(File& file, uint64_t offset);
  void give_up_rest(File& file, uint64_t offset);
  void set_done(File& file, uint64_t offset);
  void remove_if_done(Files::iterator file);
  void remove(Files::iterator file);
  void drop_oldest();

  const std::string dir_;
  const uint64_t max_bytes_;
  const uint64_t file_bytes_;  // when a new file begins
  UniqueFd lock_;
  mutable std::mutex mutex_;  // guards what follows
  Files files_;               // by number
  Id cursor_;                 // where next() goes on
  uint64_t last_number_ = 0;  // of a file, ever
  std::set<Id> unmarked_;     // done, though the disk did not take the mark
  SpoolCounters counters_;
};

}  // namespace qtap::sink
