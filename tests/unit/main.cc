// SPDX-License-Identifier: Apache-2.0
// Both: beside a precompiled doctest.h, which asked for neither, the second does not follow from
// the first.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>
