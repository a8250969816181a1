// SPDX-License-Identifier: Apache-2.0
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "base/fd.h"
#include "sink/builtin.h"
#include "support/file_size_limit.h"
#include "support/make.h"

using namespace qtap;
using test::make_event;
using test::make_object;

namespace {

// A console whose output can be read; what the tests write fits the pipe.
struct Screen {
  Screen() {
    std::array<int, 2> ends;
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    read_end = UniqueFd(ends[0]);
    write_end = UniqueFd(ends[1]);
  }
  std::string text() {
    std::array<char, 4096> buffer;
    const ssize_t n = ::read(read_end.get(), buffer.data(), buffer.size());
    return std::string(buffer.data(), n > 0 ? static_cast<size_t>(n) : 0);
  }
  UniqueFd read_end;
  UniqueFd write_end;
};

}  // namespace

TEST_SUITE("sink/stdout") {
  TEST_CASE("an event is one line") {
    Screen screen;
    sink::Console console(screen.write_end.get());
    const auto sink = sink::make_stdout_events("stdout-0", console);
    CHECK(sink->takes_events());
    CHECK_FALSE(sink->takes_objects());
    REQUIRE(sink->put_event(make_event("{\"a\":1}")).ok());
    CHECK(screen.text() == "{\"a\":1}\n");
  }

  TEST_CASE("of events that come together, those before the disk was full are taken") {
    const UniqueFd file(::memfd_create("stdout", MFD_CLOEXEC));
    REQUIRE(file);
    sink::Console console(file.get());
    const auto sink = sink::make_stdout_events("stdout-0", console);
    const std::vector<Ref<Event>> events = {make_event("{1}"), make_event("{2}"),
                                            make_event("{3}")};
    size_t taken = 0;
    bool failed = false;
    {
      const test::FileSizeLimit limit(9);  // two lines, and one byte
      failed = !sink->put_events(events, taken).ok();
    }
    CHECK(failed);
    CHECK(taken == 2);
  }

  TEST_CASE("an object that is no JSON is wrapped, so that the line stays one document") {
    Screen screen;
    sink::Console console(screen.write_end.get());
    const auto sink = sink::make_stdout_objects("stdout-0", console);
    const auto object = make_object("foobar\n");
    REQUIRE(sink->put_object(object).ok());
    CHECK(screen.text() == "{\"type\":\"test\",\"digest\":\"" + object->digest +
                               "\",\"contentType\":\"text/plain\",\"data\":\"Zm9vYmFyCg==\"}\n");
    CHECK(sink->locate(*object) == "stdout:" + object->digest);
  }

  TEST_CASE("a JSON object is its line; a transaction is http_capture's to print") {
    Screen screen;
    sink::Console console(screen.write_end.get());
    const auto sink = sink::make_stdout_objects("stdout-0", console);
    const auto transaction = make_object("{}");
    transaction->type = "http_transaction";
    REQUIRE(sink->put_object(transaction).ok());
    const auto headers = make_object("{\"b\":2}");
    headers->content_type = "application/json";
    REQUIRE(sink->put_object(headers).ok());
    CHECK(screen.text() == "{\"b\":2}\n");
  }

  TEST_CASE("a transaction does not count as stored once nothing can be printed") {
    Screen screen;
    sink::Console console(screen.write_end.get());
    screen.read_end.reset();
    const auto sink = sink::make_stdout_objects("stdout-0", console);
    CHECK_FALSE(console.write("printed by the plugin").ok());
    const auto transaction = make_object("{}");
    transaction->type = "http_transaction";
    CHECK_FALSE(sink->put_object(transaction).ok());
  }
}
