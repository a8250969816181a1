// SPDX-License-Identifier: Apache-2.0
// Field blocks → decoder, from the beginning and joined late. Oracle: cutting a block changes
// nothing; and where the exact decoder is content, one that joined at any block gives as many
// fields, each the same or unknown.
//
// Input: blocks, each two bytes of length (big-endian; the highest bit: cut in two, the next one:
// a table size of 0 to 16 KiB was announced before, by 3 bits) and that many bytes.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/hpack.h"

namespace {

struct Field {
  std::string name;
  std::string value;
  bool is_unknown = false;
  bool operator==(const Field&) const = default;
};

class Fields final : public qtap::http::HpackSink {
 public:
  void on_field(std::string_view name, std::string_view value) override {
    list.push_back({std::string(name), std::string(value), false});
  }
  void on_unknown_field() override { list.push_back({{}, {}, true}); }
  std::vector<Field> list;
};

struct Block {
  std::span<const uint8_t> bytes;
  int announced = -1;
};

std::vector<Block> blocks_of(const uint8_t* data, size_t size) {
  std::vector<Block> blocks;
  while (size >= 2) {
    Block block;
    if ((data[0] & 0x40) != 0) block.announced = ((data[0] >> 3) & 7) * 2048;
    const size_t len = std::min<size_t>(static_cast<size_t>(data[0] & 7) << 8 | data[1], size - 2);
    block.bytes = {data + 2, len};
    blocks.push_back(block);
    data += 2 + len;
    size -= 2 + len;
  }
  return blocks;
}

using Decoded = std::vector<std::vector<Field>>;

// Up to the first block that is broken.
Decoded decode(const std::vector<Block>& blocks, size_t from, bool exact, size_t piece) {
  qtap::http::HpackDecoder decoder(exact);
  Decoded out;
  for (size_t i = from; i < blocks.size(); ++i) {
    if (blocks[i].announced >= 0) decoder.set_max_table(static_cast<uint32_t>(blocks[i].announced));
    std::span<const uint8_t> rest = blocks[i].bytes;
    Fields fields;
    bool done = true;
    do {
      const size_t len = std::min(piece, rest.size());
      done = decoder.add(rest.first(len), len == rest.size(), fields);
      rest = rest.subspan(len);
    } while (done && !rest.empty());
    if (!done) break;
    out.push_back(std::move(fields.list));
  }
  return out;
}

void must(bool holds, const char* what) {
  if (holds) return;
  fprintf(stderr, "hpack: %s\n", what);
  abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size > 8192) return 0;
  const std::vector<Block> blocks = blocks_of(data, size);
  const Decoded exact = decode(blocks, 0, true, SIZE_MAX);
  must(exact == decode(blocks, 0, true, 1), "cutting changes what is decoded");
  must(decode(blocks, 0, false, SIZE_MAX) == decode(blocks, 0, false, 3),
       "cutting changes what is decoded, joined late");
  for (size_t from = 0; from < exact.size() && from < 8; ++from) {
    const Decoded late = decode(blocks, from, false, SIZE_MAX);
    must(late.size() >= exact.size() - from, "joined late, a sound block is broken");
    for (size_t i = from; i < exact.size(); ++i) {
      const std::vector<Field>& got = late[i - from];
      must(got.size() == exact[i].size(), "joined late, there are other fields");
      for (size_t f = 0; f < got.size(); ++f) {
        if (got[f].is_unknown) continue;
        must(got[f].name.empty() || got[f].name == exact[i][f].name, "a false name");
        must(got[f].value == exact[i][f].value, "a false value");
      }
    }
  }
  return 0;
}
