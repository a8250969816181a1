// SPDX-License-Identifier: Apache-2.0
#include "probe/openssl_places.h"

#include <algorithm>
#include <optional>
#include <span>
#include <string_view>

#include "probe/bio_methods.h"
#include "probe/code_map.h"
#include "probe/elf_file.h"
#include "probe/elf_symbols.h"
#include "probe/probe_place.h"

namespace qtap::probe {
namespace {

// The symbols of a larger program take long to read, and whoever links OpenSSL in exports it.
constexpr uint64_t kMaxProgramSymbols = 16u << 20;

struct Function {
  std::string_view name;
  SslCall call;
};

// The public forms of one function, both called often, and what their common worker is.
struct Pair {
  Function plain;
  Function extended;
  SslCall worker;
  SslCall worker_with_flags;
};

constexpr Pair kPairs[] = {
    {{"SSL_write", kWrite}, {"SSL_write_ex", kWriteEx}, kWriteEx, kWriteEx2},
    {{"SSL_read", kRead}, {"SSL_read_ex", kReadEx}, kReadEx, SslCall{}},
    {{"BIO_write", kBioWrite}, {"BIO_write_ex", kBioWrite}, kBioWrite, SslCall{}},
};

constexpr size_t kSslPairs = 2;  // the others are of libcrypto

// A few calls per connection.
constexpr Function kRareSslFunctions[] = {
    {"SSL_free", kFree},         {"SSL_do_handshake", kHandshake},
    {"SSL_connect", kHandshake}, {"SSL_accept", kHandshake},
    {"SSL_clear", kClear},
};

using Found = std::vector<std::optional<ElfFunction>>;

class Chooser {
 public:
  Chooser(const ElfFile& file, PlaceChoice choice)
      : file_(file), map_(CodeMap::create(file)), choice_(choice) {}

  Status add_pair(const Pair& pair, const ElfFunction& plain,
                  const std::optional<ElfFunction>& extended);
  Status add_own(SslCall call, const ElfFunction& function);
  // All places so far wait for custom BIOs, if the functions behind OpenSSL's memory BIOs are
  // found.
  void prefer_memory_bios(const MethodMakers& makers);
  OpensslPlaces finish() &&;

 private:
  Result<OpensslPlace> worker_of(const Pair& pair, const ElfFunction& plain,
                                 const std::optional<ElfFunction>& extended) const;
  void add(OpensslPlace place);

  const ElfFile& file_;
  Result<CodeMap> map_;
  PlaceChoice choice_;
  std::vector<OpensslPlace> places_;
  std::vector<OpensslPlace> for_custom_bios_;
  std::string bios_;  // what is to be said of them
  bool workers_ = false;
  std::string slow_;  // functions, by commas
  std::string why_;
};

void Chooser::add(OpensslPlace place) {
  const auto same = [&](const OpensslPlace& other) { return other.offset == place.offset; };
  if (std::none_of(places_.begin(), places_.end(), same)) places_.push_back(place);
}

Status Chooser::add_own(SslCall call, const ElfFunction& function) {
  QTAP_TRY(const OwnPlace place, own_place(file_, function));
  add({call, place.offset});
  return {};
}

Result<OpensslPlace> Chooser::worker_of(const Pair& pair, const ElfFunction& plain,
                                        const std::optional<ElfFunction>& extended) const {
  if (choice_ == PlaceChoice::kPublic) {
    return Error{QTAP_ERR_UNSUPPORTED, "public functions are asked for"};
  }
  if (!extended) {
    return Error{QTAP_ERR_UNSUPPORTED, "there is no " + std::string(pair.extended.name)};
  }
  if (!map_.ok()) return map_.error();
  QTAP_TRY(const Worker worker, find_worker(file_, *map_, plain, *extended));
  const SslCall call = worker.count_argument == 4 ? pair.worker : pair.worker_with_flags;
  if (call == SslCall{}) {
    return Error{QTAP_ERR_UNSUPPORTED, "the common function has an argument too many"};
  }
  return OpensslPlace{call, worker.offset};
}

Status Chooser::add_pair(const Pair& pair, const ElfFunction& plain,
                         const std::optional<ElfFunction>& extended) {
  const auto worker = worker_of(pair, plain, extended);
  if (worker.ok()) {
    workers_ = true;
    add(*worker);
    return {};
  }
  QTAP_CHECK(add_own(pair.plain.call, plain));
  if (extended) QTAP_CHECK(add_own(pair.extended.call, *extended));
  QTAP_TRY(const OwnPlace place, own_place(file_, plain));
  if (!place.slow) return {};
  slow_ += (slow_.empty() ? "" : ", ") + std::string(pair.plain.name);
  why_ = worker.error().text;
  return {};
}

void Chooser::prefer_memory_bios(const MethodMakers& makers) {
  if (choice_ == PlaceChoice::kPublic) return;
  const auto writers = map_.ok() ? memory_bio_writers(file_, *map_, makers) : map_.error();
  if (!writers.ok()) {
    bios_ = "all BIOs: " + writers.error().text;
    return;
  }
  bios_ = "memory BIOs";
  for_custom_bios_ = std::move(places_);
  places_.clear();
  for (const uint64_t offset : *writers) add({kBioWrite, offset});
}

OpensslPlaces Chooser::finish() && {
  std::string remark = workers_ ? "workers" : "";
  if (!slow_.empty()) {
    remark += (workers_ ? "; " : "") + ("slow: " + slow_) + ": " + why_;
  }
  if (!bios_.empty()) remark += (remark.empty() ? "" : "; ") + bios_;
  return {std::move(places_), std::move(for_custom_bios_), std::move(remark)};
}

}  // namespace

Result<OpensslPlaces> openssl_places(int fd, const std::string& path, OpensslPart part,
                                     PlaceChoice choice) {
  const bool crypto = part == OpensslPart::kCrypto;
  std::span<const Pair> pairs = kPairs;
  if (crypto) pairs = pairs.subspan(kSslPairs);
  if (part == OpensslPart::kSsl) pairs = pairs.first(kSslPairs);
  const auto rare = crypto ? std::span<const Function>() : std::span(kRareSslFunctions);
  const size_t needed = crypto ? 1 : kSslPairs;
  std::vector<std::string_view> names;
  for (const Pair& pair : pairs) {
    names.push_back(pair.plain.name);
    names.push_back(pair.extended.name);
  }
  for (const Function& function : rare) names.push_back(function.name);
  const size_t makers = names.size();
  if (crypto) names.insert(names.end(), {"BIO_s_mem", "BIO_s_bio"});

  QTAP_TRY(const ElfFile file, ElfFile::open(fd, path));
  QTAP_TRY(
      const Found found,
      find_functions(file, names, part == OpensslPart::kProgram ? kMaxProgramSymbols : UINT64_MAX));
  for (size_t i = 0; i < needed; ++i) {
    if (!found[2 * i]) {
      return Error{"QT052", QTAP_ERR_UNSUPPORTED,
                   "attach to " + path + ": it does not define " + std::string(names[2 * i])};
    }
  }
  Chooser chooser(file, choice);
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (!found[2 * i]) continue;
    QTAP_CHECK(chooser.add_pair(pairs[i], *found[2 * i], found[2 * i + 1]));
  }
  for (size_t i = 0; i < rare.size(); ++i) {
    const auto& function = found[2 * pairs.size() + i];
    if (function) QTAP_CHECK(chooser.add_own(rare[i].call, *function));
  }
  if (crypto) chooser.prefer_memory_bios({found[makers], found[makers + 1]});
  return std::move(chooser).finish();
}

}  // namespace qtap::probe
