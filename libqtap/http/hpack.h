// SPDX-License-Identifier: Apache-2.0
// In: field blocks of one direction of an HTTP/2 connection (RFC 7541). Out: fields. The decoding
// is nghttp2's; what this adds is the state of an observer who does not know the whole table:
// because it joined late, or because blocks were lost.
//
// Indices of the dynamic table count from its newest entry (RFC 7541, 2.3.3). So an empty table
// that takes what is inserted from now on answers each reference to a later entry exactly, and a
// reference beyond its end is one to an older entry: told as unknown. The table must never drop an
// entry that the encoder still has: it is as large as any in use, follows each size update, and an
// entry whose name is unknown counts less here than there.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct nghttp2_hd_inflater;

namespace qtap::http {

class HpackSink {
 public:
  virtual ~HpackSink() = default;
  // Valid until it returns. An empty name: it refers to an entry that was never seen.
  virtual void on_field(std::string_view name, std::string_view value) = 0;
  // The same of a field that was told before, both name and value, or is in the static table.
  virtual void on_field_again(std::string_view name, std::string_view value) {
    on_field(name, value);
  }
  // Neither name nor value are known.
  virtual void on_unknown_field() = 0;
};

class HpackDecoder {
 public:
  // What most peers announce at most (browsers: 64 KiB; the default is 4 KiB, RFC 9113, 6.5.2). A
  // larger table is not followed: its oldest entries are unknown.
  static constexpr uint32_t kMaxTable = 64u << 10;

  // `exact`: from the beginning of the connection, with an empty table.
  explicit HpackDecoder(bool exact);
  HpackDecoder(const HpackDecoder&) = delete;
  HpackDecoder& operator=(const HpackDecoder&) = delete;
  ~HpackDecoder();

  // A piece of a field block; `last`: its end. False: the block cannot be decoded, nor can any
  // later one of this state (RFC 7541, 2.2 and 3.3); see lose().
  [[nodiscard]] bool add(std::span<const uint8_t> bytes, bool last, HpackSink& sink);

  // The decoder has announced another SETTINGS_HEADER_TABLE_SIZE and the encoder has acknowledged
  // it. Between blocks only.
  void set_max_table(uint32_t bytes);

  // Blocks may have been lost: from here on, older entries are unknown.
  void lose();
  bool exact() const { return exact_; }

 private:
  struct Free {
    void operator()(nghttp2_hd_inflater* inflater) const;
  };
  enum class Place : uint8_t {
    kBlock,  // the next byte begins a field block
    kItem,   // a representation behind its first one
    kInside  // none of these, or perhaps one
  };
  void restart();
  const uint8_t* tell_indexed(std::span<const uint8_t> bytes, HpackSink& sink) const;
  bool inflate(std::span<const uint8_t> bytes, bool last, HpackSink& sink);
  bool add_known(std::span<const uint8_t> bytes, bool last, HpackSink& sink);
  size_t add_one(std::span<const uint8_t> bytes, HpackSink& sink);
  bool resize(uint64_t wanted, HpackSink& sink);

  std::unique_ptr<nghttp2_hd_inflater, Free> inflater_;
  uint32_t max_table_ = 4096;  // RFC 9113, 6.5.2
  bool exact_;
  bool failed_ = false;
  Place place_ = Place::kBlock;
  std::string rest_;  // of a representation that is not complete; only when not exact
};

}  // namespace qtap::http
