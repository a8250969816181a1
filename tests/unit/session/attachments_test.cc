// SPDX-License-Identifier: Apache-2.0
#include "session/attachments.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace qtap;
using session::Attachments;

namespace {

using Lines = std::vector<std::string>;

// A source that is nothing but its two lists.
class ListedSource final : public source::Source {
 public:
  const source::Origin& origin() const override { return origin_; }
  Status start() override { return {}; }
  Result<int> poll(source::RecordSink&, int) override { return 0; }
  int fd() const override { return -1; }
  bool exhausted() const override { return false; }
  void stop() override {}
  Lines warnings() const override { return warned; }
  Lines attached() const override {
    ++asked;
    return all;
  }
  size_t attach_lines() const override { return all.size() + warned.size(); }

  Lines all;
  Lines warned;
  mutable int asked = 0;

 private:
  source::Origin origin_;
};

}  // namespace

TEST_SUITE("session/attachments") {
  TEST_CASE("what is attached and what is not after start is told once") {
    ListedSource source;
    source.all = {"sockets"};
    source.warned = {"no library"};
    Attachments attachments;
    Attachments::News news = attachments.update(source);
    CHECK(news.attached == Lines{"sockets"});
    CHECK(news.warnings == Lines{"no library"});

    source.all.push_back("openssl");
    source.warned.insert(source.warned.begin(), "full");
    news = attachments.update(source);
    CHECK(news.attached == Lines{"openssl"});
    CHECK(news.warnings == Lines{"full"});
    CHECK(attachments.attached() == Lines{"sockets", "openssl"});

    news = attachments.update(source);
    CHECK(news.attached.empty());
    CHECK(news.warnings.empty());
    CHECK(source.asked == 2);  // not after every poll
  }
}
