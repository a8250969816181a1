// SPDX-License-Identifier: Apache-2.0
// Which TLS libraries are found, and what is said where there are none.
#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "capture.h"

namespace qtap::test {

TEST_SUITE("bpf/live_library") {
  TEST_CASE("without any OpenSSL library it runs and warns") {
    auto live = live_options();
    live.library_directories = {"/nonexistent"};
    live.search_processes = false;
    Capture capture(live);
    const auto warnings = capture.source().warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find("QT063: no OpenSSL library found") != std::string::npos);
  }

  TEST_CASE("a library that is none is a warning that names it, and the rest works") {
    const TemporaryDirectory directory;
    const std::string path = directory.path() + "/libssl.so.3";
    std::ofstream(path)
        << "not an ELF file at all, but long enough to hold the header of one, really long";
    auto live = live_options();
    live.library_directories = {directory.path()};
    live.search_processes = false;
    Capture capture(live);
    const auto warnings = capture.source().warnings();
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].find(path) != std::string::npos);
  }

  TEST_CASE("a library that nobody told us about is found when a program uses it") {
    const TemporaryLibrary library;
    auto live = live_options();
    live.library_directories = {"/nonexistent"};
    Child server(python("server", certificate()));
    const std::string port = server.read_line();
    Capture capture(live);
    const size_t attached = capture.source().attached().size();
    Child client({"sh", "-c",
                  "LD_LIBRARY_PATH=" + library.directory() + " exec /usr/bin/python3 " +
                      workload("post") + " " + port + " 10; "});
    CHECK(capture.poll_until([&] { return capture.source().attached().size() > attached; }));
    CHECK(capture.source().attached().back().find(library.path()) != std::string::npos);
  }
}

}  // namespace qtap::test
