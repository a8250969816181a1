// SPDX-License-Identifier: Apache-2.0
// Exit code 77 tells meson that the tests were skipped: they need to load BPF programs.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdio>

#include "probe/kernel_check.h"

int main(int argc, char** argv) {
  const auto able = qtap::probe::check_machine("/sys", "/proc");
  if (!able.ok()) {
    std::fprintf(stderr, "skipped: %s\n", able.error().text.c_str());
    return 77;
  }
  doctest::Context context(argc, argv);
  return context.run();
}
