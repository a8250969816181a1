// SPDX-License-Identifier: Apache-2.0
// In: a search for credentials. Out: credentials that last, for many threads. Keeps those found,
// and searches anew before they expire: with less than 15 minutes left one thread does, the others
// go on with what there is, and a failure is only counted; with less than 10 everybody waits for
// it, and a failure is theirs. Credentials without expiry are kept for ever. Those of EC2 are used
// beyond their expiry while it has no others, as its guide wants ("static stability").
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "base/result.h"
#include "s3/request.h"

namespace qtap::s3 {

class CredentialCache {
 public:
  // botocore's RefreshableCredentials and InstanceMetadataFetcher.
  static constexpr int64_t kAdvisoryS = 15 * 60;
  static constexpr int64_t kMandatoryS = 10 * 60;
  static constexpr int64_t kStablePauseS = 10 * 60;
  static constexpr uint32_t kStableJitterFromS = 2 * 60;
  static constexpr uint32_t kStableJitterToS = 10 * 60;
  // Ours: how often a search that failed with time left is tried again.
  static constexpr int64_t kAdvisoryPauseS = 60;

  using Find = std::function<Result<Credentials>()>;
  // `find` is called by one thread at a time.
  CredentialCache(Find find, std::function<int64_t()> now_s,
                  std::function<uint32_t(uint32_t below)> random)
      : find_(std::move(find)), now_s_(std::move(now_s)), random_(std::move(random)) {}

  Result<std::shared_ptr<const Credentials>> get();

  // A server has refused them: the next get() searches.
  void forget();

  struct Stats {
    uint64_t searches = 0;
    uint64_t failures = 0;
    uint64_t extensions = 0;  // credentials used beyond what they were given for
  };
  Stats stats() const;

 private:
  enum class Need { kNothing, kAdvisory, kMandatory };
  using Shared = std::shared_ptr<const Credentials>;

  Need need(int64_t now_s) const;
  Result<Shared> search(Need why, int64_t now_s);
  Result<Shared> keep(Credentials found, int64_t now_s);
  Result<Shared> do_without(Need why, Error error, int64_t now_s);
  int64_t stable_pause_s() const;

  const Find find_;
  const std::function<int64_t()> now_s_;
  const std::function<uint32_t(uint32_t)> random_;
  std::mutex searching_;  // taken before state_
  mutable std::mutex state_;
  Shared current_;
  int64_t not_before_s_ = 0;  // of the next search
  Stats stats_;
};

}  // namespace qtap::s3
