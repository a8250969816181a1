// SPDX-License-Identifier: Apache-2.0
// Bytes that wait, with the time at which each piece of them came.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qtap {

class TimedBytes {
 public:
  void append(int64_t time_ns, std::string_view bytes) {
    if (bytes.empty()) return;
    if (pieces_.empty() || pieces_.back().time_ns != time_ns) pieces_.push_back({time_ns, 0});
    pieces_.back().len += bytes.size();
    bytes_.append(bytes);
  }

  void drop_front(size_t count) {
    bytes_.erase(0, count);
    size_t gone = 0;
    while (gone < pieces_.size() && pieces_[gone].len <= count) count -= pieces_[gone++].len;
    pieces_.erase(pieces_.begin(), pieces_.begin() + static_cast<ptrdiff_t>(gone));
    if (!pieces_.empty()) pieces_.front().len -= count;
  }

  // Drops what is in front of the last `needed` bytes, once that is more than those: so that many
  // small pieces do not move them each time.
  void trim_front(size_t needed) {
    if (size() > 2 * needed) drop_front(size() - needed);
  }

  void clear() {
    bytes_.clear();
    pieces_.clear();
  }

  // Calls take(time_ns, bytes) for each piece, in order.
  template <typename Take>
  void for_each(Take take) const {
    std::string_view rest = bytes_;
    for (const Piece& piece : pieces_) {
      take(piece.time_ns, rest.substr(0, piece.len));
      rest.remove_prefix(piece.len);
    }
  }

  // The pieces of both directions as they came, [0] first where both came at once: calls
  // take(index, time_ns, bytes) for each.
  template <typename Take>
  static void for_each_in_time(const std::array<TimedBytes, 2>& both, Take take) {
    std::array<std::string_view, 2> rest = {both[0].bytes_, both[1].bytes_};
    std::array<size_t, 2> at = {};
    const auto is_over = [&](size_t side) { return at[side] == both[side].pieces_.size(); };
    while (!is_over(0) || !is_over(1)) {
      const bool second = is_over(0) || (!is_over(1) && both[1].pieces_[at[1]].time_ns <
                                                            both[0].pieces_[at[0]].time_ns);
      const size_t side = second ? 1 : 0;
      const Piece& piece = both[side].pieces_[at[side]++];
      take(side, piece.time_ns, rest[side].substr(0, piece.len));
      rest[side].remove_prefix(piece.len);
    }
  }

  std::string_view view() const { return bytes_; }
  size_t size() const { return bytes_.size(); }

 private:
  struct Piece {
    int64_t time_ns;
    size_t len;
  };
  std::string bytes_;
  std::vector<Piece> pieces_;
};

}  // namespace qtap
