// SPDX-License-Identifier: Apache-2.0
#include "probe/library_finder.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

namespace qtap::probe {

TEST_SUITE("probe/library_finder") {
  TEST_CASE("OpenSSL's file names are told from others") {
    for (const char* name : {"libssl.so.3", "libssl.so.1.1", "libssl.so.1.1.1k", "libssl.so",
                             "libssl-a1b2c3.so.1.1"}) {
      CHECK_MESSAGE(is_openssl_name(name), name);
    }
    for (const char* name :
         {"libssl3.so", "libssl", "libsslcommon.so", "libcrypto.so.3", "libssl-dev", ""}) {
      CHECK_FALSE_MESSAGE(is_openssl_name(name), name);
    }
    CHECK(is_libcrypto_name("libcrypto.so.3"));
    CHECK(is_libcrypto_name("libcrypto-a1b2c3.so.1.1"));
    CHECK_FALSE(is_libcrypto_name("libcryptography.so"));
    CHECK_FALSE(is_libcrypto_name("libssl.so.3"));
  }

  TEST_CASE("the linker's configuration is followed, includes and comments too") {
    char name[] = "/tmp/qtap-etc-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    const std::string etc = name;
    REQUIRE(mkdir((etc + "/ld.so.conf.d").c_str(), 0700) == 0);
    std::ofstream(etc + "/ld.so.conf")
        << "include ld.so.conf.d/*.conf\n/opt/one # why\nrelative\ninclude ld.so.conf\n";
    std::ofstream(etc + "/ld.so.conf.d/a.conf") << "# comment\n/opt/two\n";
    std::ofstream(etc + "/ld.so.conf.d/b.txt") << "/opt/not\n";
    const auto directories = linker_directories(etc);
    const auto has = [&](const char* path) {
      return std::find(directories.begin(), directories.end(), path) != directories.end();
    };
    CHECK(has("/usr/lib64"));
    CHECK(has("/opt/one"));
    CHECK(has("/opt/two"));
    CHECK_FALSE(has("/opt/not"));
    CHECK_FALSE(has("relative"));
    std::ofstream(etc + "/libssl.so.3") << "x";
    CHECK(libraries_in({etc, "/nonexistent"}) == std::vector<std::string>{etc + "/libssl.so.3"});
    CHECK(system(("rm -rf " + etc).c_str()) == 0);
  }

  TEST_CASE("a process without such a library, or no process, has none") {
    CHECK(!libraries_of("/proc", 0x7fffffff));
    CHECK(!libraries_of("/nonexistent", 1));
  }
}

}  // namespace qtap::probe
