// SPDX-License-Identifier: Apache-2.0
#include "probe/first_instruction.h"

#include <doctest/doctest.h>

#include <vector>

namespace qtap::probe {

using Code = std::vector<uint8_t>;

TEST_SUITE("probe/first_instruction") {
  TEST_CASE("the kernel emulates push, nop, jumps and calls") {
    for (const Code& code : {Code{0x53, 0x90}, Code{0x41, 0x57}, Code{0x90, 0x90}, Code{0xe8, 0},
                             Code{0xe9, 0}, Code{0xeb, 0}, Code{0x74, 0}, Code{0x0f, 0x84}}) {
      CHECK_MESSAGE(is_emulated(code), int{code[0]});
    }
  }

  TEST_CASE("it single-steps everything else") {
    for (const Code& code :
         {Code{0x48, 0x83, 0xec, 0x18}, Code{0xf3, 0x0f, 0x1e, 0xfa}, Code{0x41, 0x89},
          Code{0x66, 0x90}, Code{0x0f, 0x1f, 0x00}, Code{0xc3, 0x90}, Code{0x66, 0xe8, 0}}) {
      CHECK_MESSAGE(!is_emulated(code), int{code[0]});
    }
  }

  TEST_CASE("code that ends early is neither emulated nor endbr64") {
    CHECK_FALSE(is_emulated({}));
    CHECK_FALSE(is_emulated(Code{0x53}));
    CHECK_FALSE(is_endbr64({}));
    CHECK_FALSE(is_endbr64(Code{0xf3, 0x0f, 0x1e}));
    CHECK(is_endbr64(Code{0xf3, 0x0f, 0x1e, 0xfa}));
  }
}

}  // namespace qtap::probe
