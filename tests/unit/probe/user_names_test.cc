// SPDX-License-Identifier: Apache-2.0
#include "probe/user_names.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>

namespace qtap::probe {

TEST_SUITE("probe/user_names") {
  TEST_CASE("names are read from passwd lines, broken lines are skipped") {
    const auto names = UserNames::parse(
        "root:x:0:0:root:/root:/bin/bash\n"
        "# comment\n"
        "toor:x:0:0::/root:/bin/sh\n"
        "nobody:x:65534:65534::/:/bin/false\n"
        ":x:7:7::/:/bin/false\n"
        "short:x\n"
        "letters:x:abc:1::/:/bin/false\n"
        "large:x:99999999999:1::/:/bin/false\n"
        "last:x:12");
    CHECK(names.size() == 3);
    CHECK(names.at(0) == "root");
    CHECK(names.at(65534) == "nobody");
    CHECK(names.at(12) == "last");
  }

  TEST_CASE("an unknown user is its number, and a later passwd file is read again") {
    char path[] = "/tmp/qtap-passwd-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    close(fd);
    UserNames users(path);
    CHECK(users.name_of(1000) == "1000");
    std::ofstream(path) << "alice:x:1000:1000::/home/alice:/bin/sh\n";
    CHECK(users.name_of(1000) == "alice");
    unlink(path);
    CHECK(users.name_of(1000) == "alice");
    CHECK(users.name_of(1001) == "1001");
  }

  TEST_CASE("no passwd file gives numbers") {
    CHECK(UserNames("/nonexistent").name_of(5) == "5");
  }
}

}  // namespace qtap::probe
