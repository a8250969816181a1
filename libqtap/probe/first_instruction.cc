// SPDX-License-Identifier: Apache-2.0
#include "probe/first_instruction.h"

#include <algorithm>
#include <array>

namespace qtap::probe {

bool is_endbr64(std::span<const uint8_t> code) {
  constexpr std::array<uint8_t, kEndbr64Bytes> kEndbr64 = {0xf3, 0x0f, 0x1e, 0xfa};
  return code.size() >= kEndbr64.size() && std::equal(kEndbr64.begin(), kEndbr64.end(), &code[0]);
}

bool is_emulated(std::span<const uint8_t> code) {
  if (code.size() < 2) return false;
  const auto is_push = [](uint8_t opcode) { return opcode >= 0x50 && opcode <= 0x57; };
  switch (code[0]) {
    case 0x41:  // with r8 to r15
      return is_push(code[1]);
    case 0x90:  // nop
    case 0xe8:  // call
    case 0xe9:  // jmp
    case 0xeb:
      return true;
    case 0x0f:  // jcc, four bytes of distance
      return (code[1] & 0xf0) == 0x80;
    default:
      return is_push(code[0]) || (code[0] & 0xf0) == 0x70;
  }
}

}  // namespace qtap::probe
