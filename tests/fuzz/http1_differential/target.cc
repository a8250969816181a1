// SPDX-License-Identifier: Apache-2.0
// The requests in bytes: as llhttp alone reads them, whole, and as our parser does, cut at random.
// Up to the first byte that either of them refuses, both must say the same.
//
// Input: a byte that says how to cut, then the bytes that the client sends.
#include <llhttp.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "../../unit/http/transcript.h"
#include "http/parser.h"

namespace {

namespace http = qtap::http;

// What llhttp alone says. Its callbacks name a message as ours is named below.
class Bare {
 public:
  explicit Bare(const std::string& bytes) {
    llhttp_settings_t s;
    llhttp_settings_init(&s);
    s.on_message_begin = [](llhttp_t* p) {
      self(p).message_ = {};
      self(p).in_value_ = false;
      return 0;
    };
    s.on_url = [](llhttp_t* p, const char* at, size_t len) {
      self(p).target_.append(at, len);
      return 0;
    };
    s.on_header_field = [](llhttp_t* p, const char* at, size_t len) {
      self(p).add_field(at, len);
      return 0;
    };
    s.on_header_value = [](llhttp_t* p, const char* at, size_t len) {
      self(p).message_.append(at, len);
      return 0;
    };
    s.on_header_value_complete = [](llhttp_t* p) {
      self(p).in_value_ = false;
      return 0;
    };
    s.on_body = [](llhttp_t* p, const char* at, size_t len) {
      self(p).body_.append(at, len);
      return 0;
    };
    s.on_message_complete = [](llhttp_t* p) -> int {
      self(p).end(*p);
      return HPE_PAUSED;
    };
    const char* at = bytes.data();
    const char* end = at + bytes.size();
    while (at < end) {
      while (at < end && (*at == '\r' || *at == '\n')) ++at;
      llhttp_t parser;
      llhttp_init(&parser, HTTP_REQUEST, &s);
      llhttp_set_lenient_headers(&parser, 1);
      parser.data = this;
      target_.clear();
      body_.clear();
      const llhttp_errno_t result = llhttp_execute(&parser, at, static_cast<size_t>(end - at));
      refused = (result != HPE_OK && result != HPE_PAUSED) || parser.upgrade != 0;
      if (refused || result == HPE_OK) return;
      at = llhttp_get_error_pos(&parser);
    }
  }

  std::vector<std::string> messages;
  bool refused = false;  // something, or went on with another protocol

 private:
  static Bare& self(llhttp_t* p) { return *static_cast<Bare*>(p->data); }
  void add_field(const char* at, size_t len) {
    if (len == 0) return;  // where the input ended, or without a name, which ours refuses
    if (!in_value_) message_ += '\n';
    in_value_ = true;
    message_.append(at, len);
  }
  void end(const llhttp_t& parser) {
    messages.push_back(
        std::string(llhttp_method_name(static_cast<llhttp_method_t>(parser.method))) + " " +
        target_ + message_ + "\n\n" + body_);
  }

  std::string message_;
  std::string target_;
  std::string body_;
  bool in_value_ = false;
};

class Ours final : public http::ParserEvents {
 public:
  Ours(const std::string& bytes, uint32_t seed) {
    const auto parser = http::make_http1_parser(limits(), *this, qtap::Direction::kSent);
    qtap::test::Cutter cutter(qtap::test::Cutter::Way::kRandom, seed);
    const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
    for (size_t done = 0; done < bytes.size() && !refused;) {
      const size_t len = cutter.next(bytes.size() - done);
      parser->data(qtap::Direction::kSent, 1, {at + done, len});
      done += len;
    }
  }

  void on_body_end(http::Exchange& x, const http::BodyEnd& end) override {
    if (refused || end.message != http::MessageKind::kRequest || !end.complete) return;
    std::string text = x.request.method + " " + x.request.target;
    for (const auto* list : {&x.request.headers, &x.request.trailers}) {
      for (const http::Header h : *list) text.append("\n").append(h.name).append(h.value);
    }
    messages.push_back(text + "\n\n" + x.request.body);
  }
  void on_exchange(qtap::Ref<http::Exchange>) override {}
  void on_request_head(http::Exchange&) override {}
  void on_client(qtap::Direction) override {}
  void on_parse_error(const http::ParseError&) override { refused = true; }
  void on_limit() override {}

  std::vector<std::string> messages;
  bool refused = false;

 private:
  static http::ParserLimits limits() {
    http::ParserLimits limits;
    limits.tells_bodies = true;
    return limits;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > (64u << 10)) return 0;
  const std::string bytes(reinterpret_cast<const char*>(data + 1), size - 1);
  const Bare bare(bytes);
  const Ours ours(bytes, data[0] + 1u);
  // Either may go on where the other one refuses: what both have read is the same.
  if (!bare.refused && !ours.refused && bare.messages.size() != ours.messages.size()) {
    fprintf(stderr, "llhttp: %zu messages, ours: %zu\n", bare.messages.size(),
            ours.messages.size());
    abort();
  }
  const size_t both = std::min(bare.messages.size(), ours.messages.size());
  for (size_t i = 0; i < both; ++i) {
    if (bare.messages[i] == ours.messages[i]) continue;
    fprintf(stderr, "message %zu differs.\n-- llhttp:\n%s\n-- ours:\n%s\n", i,
            bare.messages[i].c_str(), ours.messages[i].c_str());
    abort();
  }
  return 0;
}
