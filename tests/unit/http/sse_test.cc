// SPDX-License-Identifier: Apache-2.0
#include "http/sse.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "sse_transcript.h"

using namespace qtap;
using Start = http::SseParser::Start;
using test::bytes_step;
using test::gap_step;
using test::Step;

namespace {

// The same of every way to cut it.
std::string told(const std::vector<Step>& steps, Start start = Start::kAtStart,
                 size_t event_bytes = 1000) {
  const std::string whole = test::sse_transcript(steps, start, event_bytes, test::all_cutters()[0]);
  for (const test::Cutter& cutter : test::all_cutters()) {
    CHECK(test::sse_transcript(steps, start, event_bytes, cutter) == whole);
  }
  return whole;
}

std::string told(std::string_view text) {
  return told(std::vector<Step>{bytes_step(text)});
}

// The same with other line ends.
std::string with_ends(std::string_view text, std::string_view end) {
  std::string out;
  for (const char c : text) c == '\n' ? out.append(end) : out.append(1, c);
  return out;
}

// Events only, without their number and times.
std::vector<std::string> events_of(const std::string& transcript) {
  std::vector<std::string> events;
  for (size_t at = transcript.find("event "); at != std::string::npos;
       at = transcript.find("\nevent ", at + 1)) {
    const size_t begin = transcript.find(' ', transcript.find("event ", at) + 6);
    events.push_back(transcript.substr(begin + 1, transcript.find(" first=", at) - begin - 1));
  }
  return events;
}

}  // namespace

TEST_SUITE("http/sse") {
  TEST_CASE("the examples of the HTML standard, 9.2.6, with each line end") {
    const struct {
      const char* text;
      const char* expected;
    } kExamples[] = {
        {"data: YHOO\ndata: +2\ndata: 10\n\n",
         "event 0 message \"YHOO\\n+2\\n10\" id=\"\" first=1 last=1\ncounted events=1\n"},
        {": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n"
         "data:  third event\n",
         "event 0 message \"first event\" id=\"1\" first=1 last=1\n"
         "event 1 message \"second event\" id=\"\" first=1 last=1\n"
         "counted events=2 comments=1 unfinished=1\n"},
        {"data\n\ndata\ndata\n\ndata:",
         "event 0 message \"\" id=\"\" first=1 last=1\n"
         "event 1 message \"\\n\" id=\"\" first=1 last=1\ncounted events=2 unfinished=1\n"},
        {"data:test\n\ndata: test\n\n",
         "event 0 message \"test\" id=\"\" first=1 last=1\n"
         "event 1 message \"test\" id=\"\" first=1 last=1\ncounted events=2\n"},
        {"event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n",
         "event 0 add \"73857293\" id=\"\" first=1 last=1\n"
         "event 1 remove \"2153\" id=\"\" first=1 last=1\ncounted events=2\n"},
    };
    for (const auto& example : kExamples) {
      CAPTURE(example.text);
      for (const char* end : {"\n", "\r", "\r\n"}) {
        CHECK(told(with_ends(example.text, end)) == example.expected);
      }
    }
  }

  TEST_CASE("line ends may be mixed, and CR LF is one of them") {
    CHECK(told("data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\r") ==
          "event 0 message \"a\\nb\\nc\" id=\"\" first=1 last=1\n"
          "event 1 message \"d\" id=\"\" first=1 last=1\ncounted events=2\n");
  }

  TEST_CASE("one byte order mark is left out; what only begins like it is text") {
    CHECK(told("\xef\xbb\xbf"
               "data: a\n\n")
              .find("\"a\"") != std::string::npos);
    CHECK(told("\xef\xbb\xbf\xef\xbb\xbf"
               "data: a\n\n") == "counted\n");
    CHECK(told("\xef\xbb"
               "data: a\n\n") == "counted\n");
    CHECK(told("\xef\ndata: a\n\n").find("\"a\"") != std::string::npos);
  }

  TEST_CASE("fields that are unknown, in another case, or preceded by a blank are ignored") {
    CHECK(told("Data: a\n data: b\nfoo: c\nfoo\n\n") == "counted\n");
    CHECK(told("data: x: y\n\n").find("\"x: y\"") != std::string::npos);
  }

  TEST_CASE("an event without data is none, but its id stays") {
    CHECK(told("event: lost\nid: 7\n\ndata: a\n\n") ==
          "event 0 message \"a\" id=\"7\" first=1 last=1\ncounted events=1\n");
    const std::string nul("id: a\0b\ndata: x\n\n", 17);
    CHECK(told(nul) == "event 0 message \"x\" id=\"\" first=1 last=1\ncounted events=1\n");
  }

  TEST_CASE("retry is told at once, when it is all digits") {
    CHECK(told("retry: 10000\nretry: 1s\nretry:\nretry: 99999999999999999999\n") ==
          "retry 10000\nretry 18446744073709551615\ncounted unfinished=1\n");
  }

  TEST_CASE("an event has the times of its first line that is no comment, and of its blank line") {
    CHECK(
        told({bytes_step(": ping\n"), bytes_step("dat"), bytes_step("a: a\n"), bytes_step("\n")}) ==
        "event 0 message \"a\" id=\"\" first=2 last=4\ncounted events=1 comments=1\n");
  }

  TEST_CASE("over the limit an event is cut and says so, and the next is whole") {
    CHECK(told({bytes_step("data: 0123456789\n\ndata: 0123\n\n")}, Start::kAtStart, 4) ==
          "event 0 message \"0123\" id=\"\" over_limit first=1 last=1\n"
          "event 1 message \"0123\" id=\"\" first=1 last=1\ncounted events=2 limits=1\n");
    CHECK(told({bytes_step("event: abc\ndata: 01\ndata\n\n")}, Start::kAtStart, 4) ==
          "event 0 abc \"0\" id=\"\" over_limit first=1 last=1\ncounted events=1 limits=1\n");
    CHECK(told({bytes_step("id: 12345\nretry: 1234567890\ndata: a\n\n")}, Start::kAtStart, 4) ==
          "event 0 message \"a\" id=\"\" id_unsure over_limit first=1 last=1\n"
          "counted events=1 limits=1\n");
    // Lines that are not kept have no limit.
    CHECK(told({bytes_step(": a very long comment\nan unknown field: x\ndata: a\n\n")},
               Start::kAtStart,
               4) == "event 0 message \"a\" id=\"\" first=1 last=1\ncounted events=1 comments=1\n");
  }

  TEST_CASE("joined late, the first event is the one behind a blank line") {
    CHECK(told({bytes_step("a: lost\n\ndata: a\n\n")}, Start::kJoinedLate) ==
          "event 0 message \"a\" id=\"\" id_unsure after_loss first=1 last=1\n"
          "counted events=1 passed=9\n");
  }

  TEST_CASE("behind a gap a LF proves nothing: it may belong to a CR, or end a line") {
    CHECK(told({bytes_step("data: a\r"), gap_step(1), bytes_step("\ndata: b\n\ndata: c\n\n")}) ==
          "loss had_begun\nevent 0 message \"c\" id=\"\" id_unsure after_loss first=3 last=3\n"
          "counted events=1 losses=1 missing=1 passed=10 unfinished=1\n");
  }

  TEST_CASE("with a gap anywhere all that is told is an event of the stream") {
    const std::string text =
        "id: 1\ndata: one\n\n: c\n\nevent: x\ndata: two\ndata: more\n\ndata: three\n\ndata: 4\n\n";
    for (const char* end : {"\n", "\r", "\r\n"}) {
      const std::string stream = with_ends(text, end);
      const std::vector<std::string> all = events_of(told(stream));
      REQUIRE(all.size() == 4);
      for (size_t at = 0; at < stream.size(); ++at) {
        for (size_t len = 1; at + len <= stream.size(); ++len) {
          CAPTURE(at);
          CAPTURE(len);
          size_t next = 0;
          bool is_after = false;
          for (std::string event : events_of(told(test::with_gap(stream, at, len)))) {
            is_after = is_after || event.find(" id_unsure") != std::string::npos;
            const std::string bare = event.substr(0, event.find(" id="));
            // In order, and whole.
            while (next < all.size() && all[next].substr(0, all[next].find(" id=")) != bare) ++next;
            CHECK(next < all.size());
            ++next;
          }
        }
      }
      // The gap inside an event loses this one alone.
      const size_t two = stream.find("two");
      const std::vector<std::string> some = events_of(told(test::with_gap(stream, two, 1)));
      CHECK(some.size() == 3);
    }
  }
}
