// SPDX-License-Identifier: Apache-2.0
// Writes HTTP/2 frames from text, for tests. tests/golden/README.md describes the lines.
#pragma once

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace qtap::test {

inline std::string h2_number(uint64_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

inline std::string h2_frame(uint8_t type, uint8_t flags, uint32_t stream,
                            std::string_view payload) {
  return h2_number(payload.size(), 3) + static_cast<char>(type) + static_cast<char>(flags) +
         h2_number(stream, 4) + std::string(payload);
}

// RFC 7541, 5.1.
inline std::string hpack_number(uint8_t first, int prefix_bits, uint64_t value) {
  const uint64_t most = (1u << prefix_bits) - 1;
  if (value < most) return {static_cast<char>(first | value)};
  std::string out = {static_cast<char>(first | most)};
  for (value -= most; value >= 128; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  return out + static_cast<char>(value);
}

inline std::string hpack_text(std::string_view text) {
  return hpack_number(0, 7, text.size()) + std::string(text);
}

// "name: value" (not inserted), "+name: value" (inserted), "#62" (indexed), "#62: value" and
// "+#62: value" (its name), "size 4096" (a table size update).
inline std::string hpack_line(std::string line) {
  if (line.starts_with("size ")) return hpack_number(0x20, 5, std::stoull(line.substr(5)));
  const bool inserts = line.starts_with('+');
  if (inserts) line.erase(0, 1);
  const size_t colon = line.find(": ", 1);
  if (line.starts_with('#')) {
    const uint64_t index = std::stoull(line.substr(1));
    if (colon == std::string::npos) return hpack_number(0x80, 7, index);
    return (inserts ? hpack_number(0x40, 6, index) : hpack_number(0, 4, index)) +
           hpack_text(line.substr(colon + 2));
  }
  if (colon == std::string::npos) throw std::invalid_argument("no field: " + line);
  return std::string(1, inserts ? '\x40' : '\0') + hpack_text(line.substr(0, colon)) +
         hpack_text(line.substr(colon + 2));
}

inline std::string hpack_block(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) out += hpack_line(line);
  return out;
}

// The frames of a block of lines; see tests/golden/README.md.
class H2Writer {
 public:
  std::string write(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) add(line);
    end_frame();
    return std::move(out_);
  }

 private:
  static std::vector<std::string> words_of(const std::string& line) {
    std::vector<std::string> words;
    size_t at = 0;
    while ((at = line.find_first_not_of(' ', at)) != std::string::npos) {
      const size_t end = std::min(line.find(' ', at), line.size());
      words.push_back(line.substr(at, end - at));
      at = end;
    }
    return words;
  }

  static std::string quoted(const std::string& line) {
    std::string out;
    for (size_t i = 1; i < line.size() && line[i] != '"'; ++i) {
      if (line.compare(i, 2, "\\x") == 0) {
        out += static_cast<char>(std::stoi(line.substr(i + 2, 2), nullptr, 16));
        i += 3;
      } else {
        out += line[i];
      }
    }
    const size_t star = line.find("\"*");
    std::string all;
    for (long n = star == std::string::npos ? 1 : std::stol(line.substr(star + 2)); n > 0; --n) {
      all += out;
    }
    return all;
  }

  void add(const std::string& line) {
    if (line.empty()) return;
    if (line.starts_with("  ")) return add_payload(line.substr(2));
    end_frame();
    if (line == "preface") {
      out_ += "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    } else if (line.front() == '"') {
      out_ += quoted(line);
    } else {
      begin_frame(words_of(line));
    }
  }

  void begin_frame(const std::vector<std::string>& words) {
    static const std::map<std::string, uint8_t> types = {
        {"DATA", 0},          {"HEADERS", 1},      {"PRIORITY", 2}, {"RST_STREAM", 3},
        {"SETTINGS", 4},      {"PUSH_PROMISE", 5}, {"PING", 6},     {"GOAWAY", 7},
        {"WINDOW_UPDATE", 8}, {"CONTINUATION", 9}};
    static const std::map<std::string, uint8_t> flags = {
        {"END_STREAM", 1}, {"ACK", 1}, {"END_HEADERS", 4}, {"PADDED", 8}, {"PRIO", 32}};
    in_frame_ = true;
    const auto type = types.find(words[0]);
    type_ =
        type != types.end() ? type->second : static_cast<uint8_t>(std::stoi(words[0], nullptr, 16));
    stream_ = static_cast<uint32_t>(std::stoul(words.at(1)));
    flags_ = 0;
    padding_ = -1;
    length_ = -1;
    for (size_t i = 2; i < words.size(); ++i) {
      if (words[i].starts_with("len=")) {
        length_ = std::stol(words[i].substr(4));
      } else if (words[i].starts_with("pad=")) {
        padding_ = std::stol(words[i].substr(4));
        flags_ |= 8;
      } else {
        flags_ = static_cast<uint8_t>(flags_ | flags.at(words[i]));
      }
    }
  }

  void add_payload(const std::string& line) {
    const std::vector<std::string> words = words_of(line);
    if (line.front() == '"') {
      payload_ += quoted(line);
    } else if (words[0] == "u32") {
      payload_ += h2_number(std::stoull(words.at(1)), 4);
    } else if (words[0] == "u16") {
      payload_ += h2_number(std::stoull(words.at(1)), 2);
    } else {
      payload_ += hpack_line(line);
    }
  }

  void end_frame() {
    if (!in_frame_) return;
    in_frame_ = false;
    std::string payload;
    if (padding_ >= 0) payload += static_cast<char>(padding_);
    payload += payload_;
    if (padding_ > 0 && length_ < 0) payload.append(static_cast<size_t>(padding_), '\0');
    const uint64_t length = length_ < 0 ? payload.size() : static_cast<uint64_t>(length_);
    out_ += h2_number(length, 3) + static_cast<char>(type_) + static_cast<char>(flags_) +
            h2_number(stream_, 4) + payload;
    payload_.clear();
  }

  std::string out_;
  std::string payload_;
  bool in_frame_ = false;
  uint8_t type_ = 0;
  uint8_t flags_ = 0;
  uint32_t stream_ = 0;
  long padding_ = -1;
  long length_ = -1;
};

}  // namespace qtap::test
