// SPDX-License-Identifier: Apache-2.0
// Runs a script of bytes, gaps and a close through a parser and writes down what came out.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/parser.h"

namespace qtap::test {

// One thing that happens on the connection. The n-th step happens at n milliseconds.
struct Step {
  enum class Kind : uint8_t {
    kData,
    kGap,
    kClose,
    kLeftOut,
    kKeepBodies,
    kDropBodies
  } kind = Kind::kData;
  Direction direction = Direction::kSent;
  std::string bytes;                                     // kData
  uint64_t len = 0;                                      // kGap, kLeftOut
  http::Truncation reason = http::Truncation::kAborted;  // kClose
};

// Printable ASCII as it is, the rest as \r, \n, \t, \xHH.
inline std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    char hex[8];
    switch (c) {
      case '\r':
        out += "\\r";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '"':
        out += "\\\"";
        break;
      default:
        if (byte >= 0x20 && byte < 0x7f) {
          out += c;
        } else {
          snprintf(hex, sizeof hex, "\\x%02x", byte);
          out += hex;
        }
    }
  }
  return out;
}

class Transcript : public http::ParserEvents {
 public:
  void on_exchange(Ref<http::Exchange> tx) override {
    text_ += "transaction\n";
    const http::Request& q = tx->request;
    const http::Response& s = tx->response;
    text_ += "  > " + escaped(q.method) + " " + (q.target_known ? escaped(q.target) : "?") +
             version(q.version_major, q.version_minor) + "\n";
    if (!q.scheme.empty() || !q.authority.empty()) {
      text_ += "  > " + escaped(q.scheme) + "://" + escaped(q.authority) + "\n";
    }
    message(q, "  > ");
    if (s.status) {
      text_ += "  < " + std::to_string(*s.status) + " " + escaped(s.reason) +
               version(s.version_major, s.version_minor) + "\n";
    } else if (s.start_ns != 0 && s.version_major == 2) {
      text_ += "  < ? " + version(s.version_major, s.version_minor) + "\n";
    } else {
      text_ += "  < no response\n";
    }
    for (uint32_t i = 0; i < s.interims.count && i < s.interims.statuses.size(); ++i) {
      text_ += "  < interim " + std::to_string(s.interims.statuses[i]) + "\n";
    }
    message(s, "  < ");
    transactions.push_back(std::move(tx));
  }
  void on_request_head(http::Exchange& exchange) override {
    text_ += "head " + escaped(exchange.request.target) + "\n";
  }
  void on_client(Direction client) override {
    text_ += client == Direction::kSent ? "role client\n" : "role server\n";
  }
  void on_protocol(http::Protocol protocol) override {
    text_ += protocol == http::Protocol::kHttp2 ? "protocol http2\n" : "protocol http1\n";
  }
  void on_parse_error(const http::ParseError& error) override {
    errors.push_back(error);
    // Not where: versions of llhttp stop at one byte or another.
    text_ += std::string("parse error ") +
             (error.direction == Direction::kSent ? "sent" : "received") +
             (error.stream != 0 ? ", stream " + std::to_string(error.stream) : "") + ": " +
             error.reason + "\n";
  }
  void on_limit() override { text_ += "limit\n"; }

  const std::string& text() const { return text_; }
  std::vector<Ref<http::Exchange>> transactions;
  std::vector<http::ParseError> errors;

 protected:
  std::string text_;

 private:
  static std::string version(int major, int minor) {
    return " HTTP/" + std::to_string(major) + "." + std::to_string(minor);
  }
  static std::string field(const http::Header& h) {
    if (!h.name.empty()) return escaped(h.name) + ": " + escaped(h.value);
    return h.value.empty() ? "?: ?" : "?: " + escaped(h.value);
  }
  void message(const http::Message& m, const std::string& mark) {
    for (const http::Header h : m.headers) text_ += mark + field(h) + "\n";
    if (m.body_bytes > 0) {
      text_ += mark + "body of " + std::to_string(m.body_bytes);
      if (m.body.size() <= 100) {
        text_ += " \"" + escaped(m.body) + "\"\n";
      } else {
        uint64_t hash = 0xcbf29ce484222325u;  // FNV-1a
        for (const char c : m.body) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
        char hex[24];
        snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(hash));
        text_ += ", " + std::to_string(m.body.size()) + " kept, fnv " + hex + "\n";
      }
    }
    for (const http::Header h : m.trailers) {
      text_ += mark + "trailer " + field(h) + "\n";
    }
    if (m.start_ns != 0) {
      text_ += mark + std::to_string(m.wire_bytes) + " wire bytes, " +
               std::to_string(m.start_ns / 1000000) + ".." + std::to_string(m.end_ns / 1000000) +
               " ms" + (m.complete ? "" : ", not complete") + "\n";
    }
    if (m.framing_conflict) text_ += mark + "framing conflict\n";
    if (m.truncated()) {
      text_ += mark + "truncated: " + http::truncation_name(m.truncation) + ", " +
               (m.missing_bytes ? std::to_string(*m.missing_bytes) : "?") + " missing\n";
    } else if (m.missing_bytes != 0u) {
      text_ += mark + "missing bytes without truncation\n";
    }
  }
};

// How a step's bytes are cut.
class Cutter {
 public:
  enum class Way : uint8_t { kWhole, kBytes, kRandom };
  explicit Cutter(Way way, uint32_t seed = 1) : way_(way), state_(seed * 2654435761u + 1) {}

  size_t next(size_t left) {
    if (way_ == Way::kWhole || left <= 1) return left;
    if (way_ == Way::kBytes) return 1;
    state_ ^= state_ << 13;  // xorshift32
    state_ ^= state_ >> 17;
    state_ ^= state_ << 5;
    const size_t most = (state_ & 3u) == 0 ? 64 : 8;
    const size_t len = 1 + (state_ >> 8) % most;
    return len < left ? len : left;
  }

 private:
  Way way_;
  uint32_t state_;
};

inline void play(const std::vector<Step>& steps, http::Parser& parser, Cutter cutter) {
  int64_t time_ns = 0;
  for (const Step& step : steps) {
    time_ns += 1000000;
    if (step.kind == Step::Kind::kClose) {
      parser.close(time_ns, step.reason);
    } else if (step.kind == Step::Kind::kKeepBodies || step.kind == Step::Kind::kDropBodies) {
      parser.keep_bodies(step.kind == Step::Kind::kKeepBodies);
    } else if (step.kind == Step::Kind::kGap || step.kind == Step::Kind::kLeftOut) {
      for (uint64_t at = 0; at < step.len;) {
        // A long gap is not worth a thousand calls.
        const uint64_t left = step.len - at;
        const uint64_t len = left > 4096 ? left : cutter.next(static_cast<size_t>(left));
        step.kind == Step::Kind::kGap ? parser.gap(step.direction, time_ns, len)
                                      : parser.left_out(step.direction, time_ns, len);
        at += len;
      }
    } else {
      const auto* bytes = reinterpret_cast<const uint8_t*>(step.bytes.data());
      std::vector<uint8_t> lent;
      for (size_t at = 0; at < step.bytes.size();) {
        const size_t len = cutter.next(step.bytes.size() - at);
        // A parser keeps no view of what it is shown.
        lent.assign(bytes + at, bytes + at + len);
        parser.data(step.direction, time_ns, lent);
        std::fill(lent.begin(), lent.end(), uint8_t{'?'});
        at += len;
      }
    }
  }
}

// Which parser plays it.
enum class Reader : uint8_t { kHttp1, kHttp2, kHttp2Late };

inline std::unique_ptr<http::Parser> make_parser(Reader reader, const http::ParserLimits& limits,
                                                 http::ParserEvents& events) {
  if (reader == Reader::kHttp1) return http::make_http1_parser(limits, events);
  return http::make_http2_parser(
      reader == Reader::kHttp2 ? http::StreamStart::kFirstByte : http::StreamStart::kAnywhere,
      limits, events);
}

inline std::string transcript(const std::vector<Step>& steps, const http::ParserLimits& limits,
                              Cutter cutter, Reader reader = Reader::kHttp1) {
  Transcript out;
  const std::unique_ptr<http::Parser> parser = make_parser(reader, limits, out);
  play(steps, *parser, cutter);
  return out.text();
}

}  // namespace qtap::test
