// SPDX-License-Identifier: Apache-2.0
#include "s3/credential_cache.h"

#include <utility>

namespace qtap::s3 {

CredentialCache::Need CredentialCache::need(int64_t now_s) const {
  if (!current_) return Need::kMandatory;
  if (!current_->expires_s || now_s < not_before_s_) return Need::kNothing;
  const int64_t left_s = *current_->expires_s - now_s;
  if (left_s < kMandatoryS) return Need::kMandatory;
  return left_s < kAdvisoryS ? Need::kAdvisory : Need::kNothing;
}

Result<CredentialCache::Shared> CredentialCache::get() {
  std::unique_lock searching(searching_, std::defer_lock);
  const int64_t now_s = now_s_();
  {
    const std::lock_guard state(state_);
    const Need why = need(now_s);
    if (why == Need::kNothing) return current_;
    if (why == Need::kAdvisory && !searching.try_lock()) return current_;
  }
  if (!searching.owns_lock()) searching.lock();
  Need why;
  {
    const std::lock_guard state(state_);
    why = need(now_s_());  // another thread may have found some meanwhile
    if (why == Need::kNothing) return current_;
  }
  return search(why, now_s_());
}

Result<CredentialCache::Shared> CredentialCache::search(Need why, int64_t now_s) {
  Result<Credentials> found = find_();
  const std::lock_guard state(state_);
  ++stats_.searches;
  if (found) return keep(*std::move(found), now_s);
  return do_without(why, std::move(found).error(), now_s);
}

int64_t CredentialCache::stable_pause_s() const {
  return kStablePauseS + kStableJitterFromS + random_(kStableJitterToS - kStableJitterFromS + 1);
}

Result<CredentialCache::Shared> CredentialCache::keep(Credentials found, int64_t now_s) {
  not_before_s_ = 0;
  if (found.expires_s) {
    const int64_t left_s = *found.expires_s - now_s;
    if (left_s < kAdvisoryS && found.is_stable) {
      ++stats_.extensions;
      not_before_s_ = now_s + stable_pause_s();
    } else if (left_s <= 0) {
      ++stats_.failures;
      return Error(QTAP_ERR_PERM, found.source + ": gave credentials that have expired already");
    } else if (left_s < kAdvisoryS) {
      // Made for minutes: half of them, or every signature would ask for new ones.
      not_before_s_ = now_s + left_s / 2;
    }
  }
  current_ = std::make_shared<const Credentials>(std::move(found));
  return current_;
}

Result<CredentialCache::Shared> CredentialCache::do_without(Need why, Error error, int64_t now_s) {
  ++stats_.failures;
  if (why == Need::kAdvisory && current_) {  // unless they were forgotten meanwhile
    not_before_s_ = now_s + kAdvisoryPauseS;
    return current_;
  }
  if (!current_ || !current_->is_stable) return error;
  ++stats_.extensions;
  not_before_s_ = now_s + stable_pause_s();
  return current_;
}

void CredentialCache::forget() {
  const std::lock_guard state(state_);
  current_.reset();
}

CredentialCache::Stats CredentialCache::stats() const {
  const std::lock_guard state(state_);
  return stats_;
}

}  // namespace qtap::s3
