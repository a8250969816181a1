// SPDX-License-Identifier: Apache-2.0
#include "sink/spool.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <utility>

#include "sink/file_io.h"

namespace qtap::sink {
namespace {

// Of one file: removing the oldest beyond the bound loses that much at once.
constexpr uint64_t kFileBytes = 8u << 20;
constexpr uint64_t kMaxFiles = 64;  // each is held open
constexpr std::string_view kSuffix = ".spool";
constexpr int kDigits = 12;

// "000000000042.spool".
std::string name_of(uint64_t number) {
  std::string digits = std::to_string(number);
  digits.insert(0, digits.size() < kDigits ? kDigits - digits.size() : 0, '0');
  return digits.append(kSuffix);
}

std::optional<uint64_t> number_of(std::string_view name) {
  if (!name.ends_with(kSuffix)) return {};
  name.remove_suffix(kSuffix.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (error != std::errc() || end != name.data() + name.size()) return {};
  return number;
}

bool read_all(int fd, uint64_t offset, char* to, size_t bytes) {
  while (bytes > 0) {
    const ssize_t n = ::pread(fd, to, bytes, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    to += n;
    offset += static_cast<uint64_t>(n);
    bytes -= static_cast<size_t>(n);
  }
  return true;
}

// False, with errno: less was written.
bool write_all(int fd, uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return true;
}

}  // namespace

Spool::Spool(std::string dir, uint64_t max_bytes)
    : dir_(std::move(dir)),
      max_bytes_(max_bytes),
      file_bytes_(std::max(std::min(kFileBytes, max_bytes / 8), max_bytes / kMaxFiles)) {}

Spool::~Spool() = default;

Result<std::unique_ptr<Spool>> Spool::open(const std::string& dir, uint64_t max_bytes) {
  QTAP_CHECK(make_dirs(dir));
  std::unique_ptr<Spool> spool(new Spool(dir, max_bytes));
  QTAP_CHECK(spool->lock());
  QTAP_CHECK(spool->take_over_files());
  return spool;
}

Status Spool::lock() {
  const std::string path = dir_ + "/lock";
  lock_ = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!lock_) return io_error("open " + path, errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) == 0) return {};
  return Error{"QT221", QTAP_ERR_STATE,
               "use spool " + dir_ + ": another process has it; give each its own spool.dir"};
}

std::string Spool::path_of(uint64_t number) const {
  return dir_ + "/" + name_of(number);
}

Status Spool::take_over_files() {
  DIR* dir = ::opendir(dir_.c_str());
  if (!dir) return io_error("read spool " + dir_, errno);
  std::vector<uint64_t> numbers;
  while (const dirent* entry = ::readdir(dir)) {
    const auto number = number_of(entry->d_name);
    if (number && name_of(*number) == entry->d_name) numbers.push_back(*number);
  }
  ::closedir(dir);
  std::sort(numbers.begin(), numbers.end());
  for (const uint64_t number : numbers) QTAP_CHECK(take_over(number));
  return {};
}

// What an earlier process left in a file; what it was writing when it ended is cut off.
Status Spool::take_over(uint64_t number) {
  UniqueFd fd(::open(path_of(number).c_str(), O_RDWR | O_CLOEXEC));
  struct stat info = {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return io_error("open " + path_of(number), errno);
  File& file = files_.emplace_back();
  file.number = last_number_ = number;
  file.fd = std::move(fd);
  file.bytes = static_cast<uint64_t>(info.st_size);
  counters_.bytes += file.bytes;
  uint64_t offset = 0;
  while (offset < file.bytes) {
    const Result<SpoolHead> head = read_head(file, offset);
    const int status = head.ok() ? QTAP_OK : head.error().status;
    if (status == QTAP_ERR_IO || (status == QTAP_ERR_UNSUPPORTED && offset == 0)) {
      return head.error();
    }
    if (!head.ok()) break;
    offset += head->record_bytes();
    if (head->waits) ++file.waiting;
  }
  counters_.waiting += file.waiting;
  counters_.found += file.waiting;
  if (offset < file.bytes) {
    ++counters_.found;
    ++counters_.dropped_corrupt;
    cut(file, offset);
  }
  remove_if_done(std::prev(files_.end()));
  return {};
}

// QTAP_ERR_CORRUPT: there is no whole record. QTAP_ERR_UNSUPPORTED, QTAP_ERR_IO: perhaps there is.
Result<SpoolHead> Spool::read_head(const File& file, uint64_t offset) const {
  std::array<char, kSpoolHeadBytes> bytes = {};
  const size_t count = std::min<uint64_t>(bytes.size(), file.bytes - offset);
  if (!read_all(file.fd.get(), offset, bytes.data(), count)) {
    return io_error("read " + path_of(file.number), errno);
  }
  QTAP_TRY(const SpoolHead head, read_spool_head({bytes.data(), count}));
  if (head.record_bytes() > file.bytes - offset) return cut_record();
  return head;
}

// Also on the disk: what is written behind it must not meet what was there.
void Spool::cut(File& file, uint64_t offset) {
  [[maybe_unused]] const int done = ::ftruncate(file.fd.get(), static_cast<off_t>(offset));
  counters_.bytes -= file.bytes - offset;
  file.bytes = offset;
}

Status Spool::begin_file() {
  const uint64_t number = last_number_ + 1;
  UniqueFd fd(::open(path_of(number).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!fd) return io_error("make " + path_of(number), errno);
  last_number_ = number;
  File& file = files_.emplace_back();
  file.number = number;
  file.fd = std::move(fd);
  return {};
}

Status Spool::put(const SpoolItem& item) {
  const std::string prefix = spool_prefix(item);
  const uint64_t bytes = prefix.size() + spool_data(item).size();
  const std::lock_guard lock(mutex_);
  if (bytes > max_bytes_) {
    return Error{"QT222", QTAP_ERR_LIMIT,
                 "write to spool " + dir_ + ": an item of " + std::to_string(bytes) +
                     " bytes is larger than spool.max_bytes, " + std::to_string(max_bytes_)};
  }
  const bool is_full =
      !files_.empty() && files_.back().bytes > 0 && files_.back().bytes + bytes > file_bytes_;
  if (files_.empty() || is_full) QTAP_CHECK(begin_file());
  while (counters_.bytes + bytes > max_bytes_ && files_.size() > 1) drop_oldest();
  return append(files_.back(), item, prefix);
}

Status Spool::append(File& file, const SpoolItem& item, std::string_view prefix) {
  const std::string_view data = spool_data(item);
  if (!write_all(file.fd.get(), file.bytes, prefix) ||
      !write_all(file.fd.get(), file.bytes + prefix.size(), data)) {
    const Error error = io_error("write to " + path_of(file.number), errno);
    // Half a record is cut off, now or when it is read; it never counts.
    [[maybe_unused]] const int cut = ::ftruncate(file.fd.get(), static_cast<off_t>(file.bytes));
    return error;
  }
  const uint64_t bytes = prefix.size() + data.size();
  file.bytes += bytes;
  ++file.waiting;
  counters_.bytes += bytes;
  ++counters_.waiting;
  ++counters_.written;
  return {};
}

std::vector<Spool::Waiting> Spool::next(size_t most, uint64_t most_bytes) {
  const std::lock_guard lock(mutex_);
  std::vector<Waiting> items;
  uint64_t bytes = 0;
  while (items.size() < most) {
    const Id before = cursor_;
    Waiting waiting;
    if (!read_next(waiting)) break;
    bytes += spool_data(waiting.item).size();
    const bool is_other = !items.empty() && waiting.item.index() != items.front().item.index();
    const bool is_again = !items.empty() && waiting.id == items.front().id;
    if (is_again || is_other || (!items.empty() && bytes > most_bytes)) {
      cursor_ = before;
      break;
    }
    items.push_back(std::move(waiting));
  }
  return items;
}

// From the cursor on, once around.
bool Spool::read_next(Waiting& ret) {
  for (int rounds = 0; counters_.waiting > 0 && rounds < 2;) {
    const auto is_ahead = [this](const File& one) {
      return one.waiting > 0 && (one.number > cursor_.file ||
                                 (one.number == cursor_.file && one.bytes > cursor_.offset));
    };
    const auto file = std::find_if(files_.begin(), files_.end(), is_ahead);
    if (file == files_.end()) {
      cursor_ = {};
      ++rounds;
      continue;
    }
    if (file->number != cursor_.file) cursor_ = {file->number, 0};
    const Id at = cursor_;
    const Result<SpoolHead> head = read_head(*file, at.offset);
    if (!head.ok() && head.error().status == QTAP_ERR_IO) return false;
    if (!head.ok()) {
      give_up_rest(*file, at.offset);
      remove_if_done(file);
      continue;
    }
    cursor_.offset += head->record_bytes();
    if (!head->waits || unmarked_.contains(at)) continue;
    std::string bytes(head->record_bytes(), '\0');
    if (!read_all(file->fd.get(), at.offset, bytes.data(), bytes.size())) return false;
    if (auto item = read_spool_record(*head, bytes); item.ok()) {
      ret = {at, *std::move(item)};
      return true;
    }
    ++counters_.dropped_corrupt;
    set_done(*file, at.offset);
    remove_if_done(file);
  }
  return false;
}

// Behind something that is no record nothing can be found again. How many waited there is known
// only for the file as a whole.
void Spool::give_up_rest(File& file, uint64_t offset) {
  uint64_t before = 0;
  for (uint64_t at = 0; at < offset;) {
    const Result<SpoolHead> head = read_head(file, at);
    if (!head.ok()) break;
    if (head->waits && !unmarked_.contains({file.number, at})) ++before;
    at += head->record_bytes();
  }
  const uint64_t lost = file.waiting - std::min(before, file.waiting);
  counters_.dropped_corrupt += lost;
  counters_.waiting -= lost;
  file.waiting -= lost;
  cut(file, offset);
}

// If the disk does not take it the next process sends it again: its key is the same.
void Spool::set_done(File& file, uint64_t offset) {
  if (!write_all(file.fd.get(), offset + kSpoolStateAt, std::string_view(&kSpoolDone, 1))) {
    unmarked_.insert({file.number, offset});
  }
  --file.waiting;
  --counters_.waiting;
}

bool Spool::done(const Id& id) {
  const std::lock_guard lock(mutex_);
  const auto file = std::find_if(files_.begin(), files_.end(),
                                 [&](const File& one) { return one.number == id.file; });
  if (file == files_.end() || id.offset >= file->bytes) return false;
  set_done(*file, id.offset);
  remove_if_done(file);
  return true;
}

void Spool::remove_if_done(Files::iterator file) {
  if (file->waiting == 0) remove(file);
}

void Spool::remove(Files::iterator file) {
  ::unlink(path_of(file->number).c_str());
  counters_.bytes -= file->bytes;
  std::erase_if(unmarked_, [&](const Id& id) { return id.file == file->number; });
  files_.erase(file);
}

void Spool::drop_oldest() {
  const auto oldest = files_.begin();
  counters_.dropped_full += oldest->waiting;
  counters_.waiting -= oldest->waiting;
  remove(oldest);
}

}  // namespace qtap::sink
