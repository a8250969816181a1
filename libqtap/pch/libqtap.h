// SPDX-License-Identifier: Apache-2.0
// What most files here include, precompiled with -Db_pch=true; nobody includes this file. Without
// it, which is the default, every file must still compile: that the build of .ci/run's job tests
// proves. No "pragma once": gcc refuses it in what it precompiles.
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>
