// SPDX-License-Identifier: Apache-2.0
#include "s3/credential_cache.h"

#include <doctest/doctest.h>

#include <atomic>
#include <condition_variable>
#include <thread>
#include <vector>

namespace qtap::s3 {
namespace {

constexpr int64_t kMinute = 60;

// A search whose outcomes the test sets.
struct Desk {
  int64_t now_s = 1'000'000;
  std::optional<int64_t> lasts_s = 3600;
  bool is_stable = false;
  bool fails = false;
  int searches = 0;
  CredentialCache cache{[this] { return find(); }, [this] { return now_s; },
                        [](uint32_t) { return 0U; }};

  Result<Credentials> find() {
    ++searches;
    if (fails) return Error(QTAP_ERR_TIMEOUT, "timed out");
    Credentials made;
    made.access_key_id = "K" + std::to_string(searches);
    if (lasts_s) made.expires_s = now_s + *lasts_s;
    made.is_stable = is_stable;
    made.source = "the desk";
    return made;
  }
  std::string get() {
    const auto got = cache.get();
    return got ? (*got)->access_key_id : got.error().text;
  }
};

}  // namespace

TEST_SUITE("s3/credential_cache") {
  TEST_CASE("credentials are kept until 15 minutes are left") {
    Desk desk;
    CHECK(desk.get() == "K1");
    desk.now_s += 45 * kMinute;
    CHECK(desk.get() == "K1");
    desk.now_s += 1;
    CHECK(desk.get() == "K2");
  }

  TEST_CASE("those without expiry are kept for ever, until a server refuses them") {
    Desk desk;
    desk.lasts_s.reset();
    CHECK(desk.get() == "K1");
    desk.now_s += 1'000'000'000;
    CHECK(desk.get() == "K1");
    desk.cache.forget();
    CHECK(desk.get() == "K2");
  }

  TEST_CASE("between 15 and 10 minutes a failure is tolerated, and not repeated at once") {
    Desk desk;
    CHECK(desk.get() == "K1");
    desk.fails = true;
    desk.now_s += 46 * kMinute;
    CHECK(desk.get() == "K1");
    CHECK(desk.get() == "K1");
    CHECK(desk.searches == 2);
    desk.now_s += CredentialCache::kAdvisoryPauseS;
    CHECK(desk.get() == "K1");
    CHECK(desk.searches == 3);
    CHECK(desk.cache.stats().failures == 2);
  }

  TEST_CASE("below 10 minutes a failure is raised") {
    Desk desk;
    CHECK(desk.get() == "K1");
    desk.fails = true;
    desk.now_s += 50 * kMinute;
    CHECK(desk.get() == "K1");  // 10 minutes are left
    desk.now_s += 60;
    CHECK(desk.get() == "timed out");
    desk.fails = false;
    CHECK(desk.get() == "K4");
  }

  TEST_CASE("EC2's are used beyond their expiry while there are no others") {
    Desk desk;
    desk.is_stable = true;
    CHECK(desk.get() == "K1");
    desk.now_s += 55 * kMinute;
    SUBCASE("when nobody answers") {
      desk.fails = true;
      CHECK(desk.get() == "K1");
      desk.now_s += 12 * kMinute - 1;  // 10 minutes, and a jitter of 2 at least
      CHECK(desk.get() == "K1");
      CHECK(desk.searches == 2);
      desk.now_s += 1;
      CHECK(desk.get() == "K1");
      CHECK(desk.searches == 3);
      CHECK(desk.cache.stats().extensions == 2);
      desk.fails = false;
      desk.now_s += 12 * kMinute;
      CHECK(desk.get() == "K4");
    }
    SUBCASE("when the answer is as old") {
      desk.lasts_s = -5;
      CHECK(desk.get() == "K2");
      desk.now_s += 12 * kMinute - 1;
      CHECK(desk.get() == "K2");
      desk.now_s += 1;
      CHECK(desk.get() == "K3");
    }
  }

  TEST_CASE("others that have expired already are refused") {
    Desk desk;
    desk.lasts_s = 0;
    CHECK(desk.get() == "the desk: gave credentials that have expired already");
  }

  TEST_CASE("those made for minutes are used for half of them") {
    Desk desk;
    desk.lasts_s = 300;
    CHECK(desk.get() == "K1");
    desk.now_s += 149;
    CHECK(desk.get() == "K1");
    desk.now_s += 1;
    CHECK(desk.get() == "K2");
  }

  TEST_CASE("many threads without credentials search once") {
    std::atomic<int> searches = 0;
    std::atomic<int> looks = 0;  // at the clock: the first thing that every thread does
    CredentialCache cache(
        [&]() -> Result<Credentials> {
          ++searches;
          while (looks < 8) std::this_thread::yield();
          Credentials made;
          made.access_key_id = "K";
          return made;
        },
        [&] { return int64_t{++looks} * 0; }, [](uint32_t) { return 0U; });
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        const auto got = cache.get();
        if (got && (*got)->access_key_id == "K") ++right;
      });
    }
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 8);
    CHECK(searches == 1);
  }

  TEST_CASE("while one searches with time left, the others do not wait") {
    std::atomic<int64_t> now_s = 0;
    std::atomic<int> searches = 0;
    std::mutex mutex;
    std::condition_variable changed;
    bool is_inside = false;
    bool may_end = true;
    CredentialCache cache(
        [&]() -> Result<Credentials> {
          ++searches;
          Credentials made;
          made.access_key_id = "K" + std::to_string(searches);
          made.expires_s = now_s + 3600;
          std::unique_lock lock(mutex);
          is_inside = true;
          changed.notify_all();
          changed.wait(lock, [&] { return may_end; });
          return made;
        },
        [&] { return now_s.load(); }, [](uint32_t) { return 0U; });
    REQUIRE(cache.get().ok());
    now_s = 46 * kMinute;
    is_inside = may_end = false;
    std::thread one([&] { CHECK((*cache.get())->access_key_id == "K2"); });
    {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return is_inside; });
    }
    CHECK((*cache.get())->access_key_id == "K1");  // would hang if it waited
    {
      const std::lock_guard lock(mutex);
      may_end = true;
    }
    changed.notify_all();
    one.join();
    CHECK((*cache.get())->access_key_id == "K2");
  }
}

}  // namespace qtap::s3
