// SPDX-License-Identifier: Apache-2.0
// Runs tests/golden/*/*.md; tests/golden/README.md describes the form.
// QTAP_GOLDEN=write writes down what comes out as expected; the difference is for a human to judge.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "../proto/message_transcript.h"
#include "../support/h2_writer.h"
#include "source_root.h"

using namespace qtap;
using test::Cutter;
using test::Step;

namespace {

namespace fs = std::filesystem;

fs::path source_root() {
  if (const char* root = std::getenv("QTAP_SOURCE_ROOT")) return root;
  return QTAP_SOURCE_ROOT;
}

std::string read_file(const fs::path& path) {
  std::string text;
  if (FILE* file = fopen(path.c_str(), "rb")) {
    char block[4096];
    for (size_t n; (n = fread(block, 1, sizeof block, file)) > 0;) text.append(block, n);
    fclose(file);
  }
  return text;
}

void write_file(const fs::path& path, const std::string& text) {
  FILE* file = fopen(path.c_str(), "wb");
  REQUIRE(file != nullptr);
  CHECK(fwrite(text.data(), 1, text.size(), file) == text.size());
  fclose(file);
}

std::vector<std::string> split_lines(const std::string& text) {
  std::vector<std::string> lines;
  size_t at = 0;
  while (at < text.size()) {
    const size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

std::vector<std::string> split_words(const std::string& text) {
  std::vector<std::string> words;
  size_t at = 0;
  while ((at = text.find_first_not_of(' ', at)) != std::string::npos) {
    const size_t end = std::min(text.find(' ', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

// Text of a sent or received block; its line breaks are only for the eye.
std::string unescaped(const std::string& line) {
  std::string out;
  for (size_t i = 0; i < line.size(); ++i) {
    if (line[i] != '\\' || i + 1 == line.size()) {
      out += line[i];
      continue;
    }
    const char c = line[++i];
    if (c == 'r') {
      out += '\r';
    } else if (c == 'n') {
      out += '\n';
    } else if (c == 't') {
      out += '\t';
    } else if (c == 'x') {
      out += static_cast<char>(std::stoi(line.substr(i + 1, 2), nullptr, 16));
      i += 2;
    } else if (c == '(') {  // \(abc*100)
      const size_t star = line.rfind('*', line.find(')', i));
      const size_t end = line.find(')', i);
      const int times = std::stoi(line.substr(star + 1));
      for (int n = 0; n < times; ++n) out += line.substr(i + 1, star - i - 1);
      i = end;
    } else {
      out += c;
    }
  }
  return out;
}

struct Case {
  std::string name;
  http::ParserLimits limits;
  proto::MessageLimits messages;
  test::Reader reader = test::Reader::kHttp1;
  std::vector<Step> steps;
  std::string expected;
  size_t expect_begin = 0;  // lines of the file between the fences of the expect block
  size_t expect_end = 0;
};

Direction direction_of(const std::string& word) {
  REQUIRE((word == "sent" || word == "received"));
  return word == "sent" ? Direction::kSent : Direction::kReceived;
}

http::Truncation reason_of(const std::string& word) {
  for (int i = 0; i <= static_cast<int>(http::Truncation::kLimit); ++i) {
    const auto reason = static_cast<http::Truncation>(i);
    if (word == http::truncation_name(reason)) return reason;
  }
  FAIL("close: unknown reason " << word);
  return http::Truncation::kNone;
}

void add_limit(Case& into, const std::string& line) {
  http::ParserLimits& limits = into.limits;
  const std::vector<std::string> words = split_words(line);
  REQUIRE(words.size() == 2);
  const unsigned long value = std::stoul(words[1]);
  if (words[0] == "body_buffer") {
    limits.body_buffer = value;
  } else if (words[0] == "header_bytes") {
    limits.header_bytes = value;
  } else if (words[0] == "message_buffer") {
    into.messages = {.tells_messages = value > 0, .message_buffer = value};
  } else {
    REQUIRE(words[0] == "pipelined_requests");
    limits.pipelined_requests = static_cast<uint32_t>(value);
  }
}

// A fence of a case: its info words and its lines.
void add_fence(Case& into, const std::vector<std::string>& info,
               const std::vector<std::string>& lines) {
  Step step;
  if (info[0] == "limits") {
    for (const std::string& line : lines) add_limit(into, line);
    return;
  }
  if (info[0] == "reader") {
    REQUIRE(info.size() == 2);
    REQUIRE((info[1] == "http1" || info[1] == "http2" || info[1] == "http2-late"));
    into.reader = info[1] == "http1"   ? test::Reader::kHttp1
                  : info[1] == "http2" ? test::Reader::kHttp2
                                       : test::Reader::kHttp2Late;
    return;
  }
  if (info[0] == "expect") {
    for (const std::string& line : lines) into.expected += line + "\n";
    return;
  }
  if (info[0] == "gap") {
    REQUIRE(info.size() == 3);
    step.kind = Step::Kind::kGap;
    step.direction = direction_of(info[1]);
    step.len = std::stoull(info[2]);
  } else if (info[0] == "close") {
    REQUIRE(info.size() == 2);
    step.kind = Step::Kind::kClose;
    step.reason = reason_of(info[1]);
  } else {
    step.direction = direction_of(info[0]);
    if (info.size() == 2 && info[1] == "h2") {
      step.bytes = test::H2Writer().write(lines);
    } else {
      for (const std::string& line : lines) step.bytes += unescaped(line);
    }
  }
  into.steps.push_back(std::move(step));
}

// Those of messages inside of HTTP tell their payloads, and keep no bodies: they would be the same.
Case new_case(const fs::path& folder) {
  Case made;
  const std::string name = folder.filename();
  if (name == "http2" || name == "grpc") made.reader = test::Reader::kHttp2;
  if (name == "grpc" || name == "websocket" || name == "sse") {
    made.messages.tells_messages = true;
    made.limits.body_buffer = 0;
  }
  return made;
}

std::vector<Case> parse_cases(const std::vector<std::string>& lines, const fs::path& folder) {
  std::vector<Case> cases;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].starts_with("## ")) {
      cases.push_back(new_case(folder));
      cases.back().name = lines[i].substr(3);
    }
    if (!lines[i].starts_with("```")) continue;
    REQUIRE(!cases.empty());
    const std::vector<std::string> info = split_words(lines[i].substr(3));
    REQUIRE(!info.empty());
    std::vector<std::string> content;
    const size_t begin = i + 1;
    while (++i < lines.size() && lines[i] != "```") content.push_back(lines[i]);
    add_fence(cases.back(), info, content);
    if (info[0] == "expect") {
      cases.back().expect_begin = begin;
      cases.back().expect_end = i;
    }
  }
  return cases;
}

std::string with_expected(const std::vector<std::string>& lines, const std::vector<Case>& cases,
                          const std::vector<std::string>& outputs) {
  std::string text;
  size_t at = 0;
  for (size_t c = 0; c < cases.size(); ++c) {
    for (; at < cases[c].expect_begin; ++at) text += lines[at] + "\n";
    text += outputs[c];
    at = cases[c].expect_end;
  }
  for (; at < lines.size(); ++at) text += lines[at] + "\n";
  return text;
}

// ---- a gap in place of each byte of a body
// ------------------------------------------------------------------------------------

// What a lost byte of a body must not change: which messages there are, whose they are, how long.
std::string skeleton(const http::Exchange& x) {
  std::string text = x.request.method + " " + x.request.target + " " +
                     std::to_string(x.response.status.value_or(-1));
  for (const http::MessageKind kind : http::kMessageKinds) {
    const http::Message& message = x.message(kind);
    text += message.complete ? " whole " : " cut ";
    text += std::to_string(message.body_bytes) + " " + std::to_string(message.headers.size()) +
            " " + std::to_string(message.trailers.size());
  }
  return text;
}

class BodyBytes final : public http::ParserEvents {
 public:
  void on_exchange(Ref<http::Exchange> x) override {
    skeletons.push_back(skeleton(*x));
    for (const http::MessageKind kind : http::kMessageKinds) {
      const http::Message& message = x->message(kind);
      if (message.truncation == http::Truncation::kCaptureLoss) ++lossy;
      if (message.body_gap) ++gaps;
      missing += message.missing_bytes.value_or(1000000);
    }
  }
  void on_request_head(http::Exchange&) override {}
  void on_client(Direction) override {}
  void on_body(http::Exchange&, const http::BodyPiece& piece) override {
    ++pieces;
    bytes += piece.bytes.size();
  }
  void on_parse_error(const http::ParseError&) override {}
  void on_limit() override {}

  std::vector<std::string> skeletons;
  int lossy = 0;
  int gaps = 0;
  uint64_t missing = 0;
  int pieces = 0;
  uint64_t bytes = 0;
};

// Plays the bytes one by one; the one at `lost` (counted over all steps) is a gap. Marks in
// `is_body`, when given, which of them were told as one byte of a body.
BodyBytes play_lossy(const Case& golden, size_t lost, std::vector<bool>* is_body) {
  http::ParserLimits limits = golden.limits;
  limits.tells_bodies = true;
  BodyBytes out;
  const std::unique_ptr<http::Parser> parser = test::make_parser(golden.reader, limits, out);
  int64_t time_ns = 0;
  size_t at = 0;
  for (const Step& step : golden.steps) {
    time_ns += 1000000;
    if (step.kind == Step::Kind::kClose) parser->close(time_ns, step.reason);
    for (const char c : step.bytes) {
      const int pieces = out.pieces;
      const uint64_t bytes = out.bytes;
      const auto byte = static_cast<uint8_t>(c);
      at++ == lost ? parser->gap(step.direction, time_ns, 1)
                   : parser->data(step.direction, time_ns, {&byte, 1});
      if (is_body) is_body->push_back(out.pieces == pieces + 1 && out.bytes == bytes + 1);
    }
  }
  return out;
}

bool loses_nothing(const Case& golden) {
  const auto loses = [](const Step& step) {
    return step.kind != Step::Kind::kData && step.kind != Step::Kind::kClose;
  };
  return std::none_of(golden.steps.begin(), golden.steps.end(), loses);
}

// Returns how many bytes it lost in turn.
size_t check_lost_body_bytes(const Case& golden) {
  std::vector<bool> is_body;
  const BodyBytes whole = play_lossy(golden, SIZE_MAX, &is_body);
  // Of long bodies, which repeat themselves: both ends, and one byte of 61 in between.
  const auto total = static_cast<size_t>(std::count(is_body.begin(), is_body.end(), true));
  constexpr size_t kEnds = 300;
  size_t count = 0;
  size_t nth = 0;
  for (size_t at = 0; at < is_body.size(); ++at) {
    if (!is_body[at]) continue;
    ++nth;
    if (nth > kEnds && nth + kEnds < total && nth % 61 != 0) continue;
    CAPTURE(at);
    const BodyBytes lossy = play_lossy(golden, at, nullptr);
    CHECK(lossy.skeletons == whole.skeletons);
    CHECK(lossy.lossy == whole.lossy + 1);
    CHECK(lossy.gaps == whole.gaps + 1);
    // A byte beyond the buffer is missing either way.
    CHECK((lossy.missing == whole.missing + 1 || lossy.missing == whole.missing));
    ++count;
  }
  return count;
}

}  // namespace

TEST_SUITE("http/golden") {
  TEST_CASE("a gap in place of any byte of a body costs this byte and no message") {
    size_t count = 0;
    for (const char* folder : {"tests/golden/http1", "tests/golden/http2"}) {
      for (const auto& entry : fs::directory_iterator(source_root() / folder)) {
        if (entry.path().extension() != ".md") continue;
        const std::vector<std::string> lines = split_lines(read_file(entry.path()));
        for (const Case& golden : parse_cases(lines, entry.path().parent_path())) {
          CAPTURE(entry.path().filename().string());
          CAPTURE(golden.name);
          if (loses_nothing(golden)) count += check_lost_body_bytes(golden);
        }
      }
    }
    CHECK(count >= 500);
    MESSAGE(count << " bytes lost in turn");
  }

  TEST_CASE("every golden gives what it expects, however its bytes are cut") {
    const char* mode = std::getenv("QTAP_GOLDEN");
    const bool write = mode != nullptr && std::string(mode) == "write";
    std::vector<fs::path> files;
    for (const char* folder : {"tests/golden/http1", "tests/golden/http2", "tests/golden/grpc",
                               "tests/golden/websocket", "tests/golden/sse"}) {
      for (const auto& entry : fs::directory_iterator(source_root() / folder)) {
        if (entry.path().extension() == ".md") files.push_back(entry.path());
      }
    }
    std::sort(files.begin(), files.end());
    size_t count = 0;
    for (const fs::path& path : files) {
      const std::vector<std::string> lines = split_lines(read_file(path));
      const std::vector<Case> cases = parse_cases(lines, path.parent_path());
      std::vector<std::string> outputs;
      for (const Case& golden : cases) {
        CAPTURE(path.filename().string());
        CAPTURE(golden.name);
        REQUIRE(golden.expect_begin > 0);
        const auto played = [&](Cutter cutter) {
          return test::message_transcript(golden.steps, golden.limits, golden.messages, cutter,
                                          golden.reader);
        };
        const std::string whole = played(Cutter(Cutter::Way::kWhole));
        if (!write) CHECK(whole == golden.expected);
        CHECK(played(Cutter(Cutter::Way::kBytes)) == whole);
        for (const uint32_t seed : {1u, 2u, 3u, 5u, 8u, 13u, 21u, 34u}) {
          CAPTURE(seed);
          CHECK(played(Cutter(Cutter::Way::kRandom, seed)) == whole);
        }
        outputs.push_back(whole);
        ++count;
      }
      if (write) write_file(path, with_expected(lines, cases, outputs));
    }
    CHECK(count >= 85);
  }
}
