#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Each public header compiles alone, as C99, C++11 and C++20 (.hpp: C++20), with every compiler that is here. Usage: headers.sh INCLUDE
set -eu
include=$1
for header in "$include"/qtap/*.h; do
  for c in gcc clang; do
    command -v "$c" >/dev/null || continue
    "$c" -std=c99 -Wall -Wextra -Wpedantic -Wshadow -Werror -I "$include" -fsyntax-only -x c "$header"
    for standard in c++11 c++20; do
      "$c" -std="$standard" -Wall -Wextra -Wpedantic -Wshadow -Werror -I "$include" -fsyntax-only -x c++ "$header"
    done
  done
done
for header in "$include"/qtap/*.hpp; do
  for c in gcc clang; do
    command -v "$c" >/dev/null || continue
    "$c" -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Werror -I "$include" -fsyntax-only -x c++ "$header"
  done
done
