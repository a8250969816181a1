// SPDX-License-Identifier: Apache-2.0
// Bytes are a configuration file. Whatever they are: a result, or one to twenty lines that each
// name a place.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/config.h"

// libfyaml 0.7.12 leaks the buffer of a long quoted text that never ends. The unit tests, which
// have no such text, run without this.
extern "C" const char* __lsan_default_suppressions();
extern "C" const char* __lsan_default_suppressions() {
  return "leak:libfyaml.so";
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view yaml(reinterpret_cast<const char*>(data), size);
  const auto environment = [](const std::string& name) {
    return name == "SET" ? std::optional<std::string>("value") : std::nullopt;
  };
  qtap::Config config;
  const qtap::Status status = config.parse(yaml, "f", environment);
  if (status.ok()) {
    const qtap::Result<qtap::Settings> settings = qtap::resolve(config);
    // What was accepted key by key is accepted again, in any order.
    qtap::Config again;
    for (const auto& [key, entry] : config.entries()) {
      const bool is_stack =
          key.starts_with("stacks.") && key.find(".plugins[") == std::string::npos;
      if (!is_stack && !again.set(key, entry.value).ok()) std::abort();
    }
    if (settings.ok() && settings->plugins.empty() && !qtap::resolve(again).ok() &&
        config.find("tap.http.stack") == nullptr) {
      std::abort();
    }
    return 0;
  }
  if (!config.entries().empty()) std::abort();
  const std::string all = message_of(status.error());
  std::string_view text = all;
  if (text.empty() || std::count(text.begin(), text.end(), '\n') >= 20) std::abort();
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (!line.starts_with("QT1") || !line.substr(5).starts_with(": f:") ||
        line.find(": error: ") == std::string_view::npos)
      std::abort();
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}
