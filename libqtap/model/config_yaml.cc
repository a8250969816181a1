// SPDX-License-Identifier: Apache-2.0
#include "model/config_yaml.h"

#include <libfyaml.h>

#include <algorithm>
#include <memory>
#include <set>

#include "model/option_table.h"

namespace qtap {
namespace {

// Limits of spec/config.md 1 and 2.
constexpr size_t kMaxBytes = 1u << 20;
constexpr size_t kMaxDepth = 32;
constexpr size_t kMaxMistakes = 20;

Position position_of(fy_token* token) {
  const fy_mark* mark = token ? fy_token_start_mark(token) : nullptr;
  if (!mark) return {1, 1};
  return {static_cast<uint32_t>(mark->line + 1), static_cast<uint32_t>(mark->column + 1)};
}

std::string text_of(fy_token* token) {
  size_t len = 0;
  const char* text = token ? fy_token_get_text(token, &len) : nullptr;
  return text ? std::string(text, len) : std::string();
}

bool is_null(const fy_event& event) {
  if (fy_scalar_token_get_style(event.scalar.value) != FYSS_PLAIN) return false;
  const std::string text = text_of(event.scalar.value);
  return text.empty() || text == "null" || text == "~";
}

// An open map or list while its events come in.
struct Level {
  bool is_map = false;
  std::string path;             // key of the container
  size_t index = 0;             // lists: of the next element
  std::string key;              // maps: the key that waits for its value
  Position key_position;
  bool has_key = false;
  std::set<std::string> keys;
  Position start;
  std::vector<YamlEntry> scalars;  // lists: elements that are plain values
};

class Reader {
 public:
  Reader(const Config::Environment& environment, std::vector<YamlEntry>& entries,
         std::vector<YamlMistake>& mistakes)
      : environment_(environment), entries_(entries), mistakes_(mistakes) {}

  // False: give up.
  bool take(const fy_event& event) {
    switch (event.type) {
      case FYET_DOCUMENT_START:
        return ++documents_ == 1 ||
               fatal({1, 1}, "more than one YAML document; one file holds one configuration");
      case FYET_MAPPING_START:
        return plain(event.mapping_start.anchor, event.mapping_start.tag) &&
               open(true, event.mapping_start.mapping_start);
      case FYET_SEQUENCE_START:
        return plain(event.sequence_start.anchor, event.sequence_start.tag) &&
               open(false, event.sequence_start.sequence_start);
      case FYET_MAPPING_END:
      case FYET_SEQUENCE_END: return close();
      case FYET_SCALAR:
        return plain(event.scalar.anchor, event.scalar.tag) && scalar(event);
      case FYET_ALIAS: return fatal(position_of(event.alias.anchor), "aliases are not supported");
      default: return true;
    }
  }

 private:
  bool mistake(const Position& position, std::string text) {
    mistakes_.push_back({position, std::move(text)});
    return mistakes_.size() < kMaxMistakes;
  }
  bool fatal(const Position& position, std::string text) {
    mistake(position, std::move(text));
    return false;
  }
  bool plain(fy_token* anchor, fy_token* tag) {
    if (anchor) return fatal(position_of(anchor), "anchors are not supported");
    if (tag) return fatal(position_of(tag), "tags are not supported");
    return true;
  }

  // The dotted key of the value that comes next.
  std::string next_path() {
    if (levels_.empty()) return {};
    Level& level = levels_.back();
    if (!level.is_map) return level.path + "[" + std::to_string(level.index++) + "]";
    level.has_key = false;
    return level.path.empty() ? level.key : level.path + "." + level.key;
  }

  bool open(bool is_map, fy_token* token) {
    const Position start = position_of(token);
    if (levels_.size() >= kMaxDepth) return fatal(start, "nested deeper than 32 levels");
    if (levels_.empty() && !is_map) return fatal(start, "expected a map of sections at the top");
    if (!levels_.empty() && levels_.back().is_map && !levels_.back().has_key) {
      return fatal(start, "a key must be text");
    }
    Level level;
    level.is_map = is_map;
    level.start = start;
    if (!levels_.empty()) level.key_position = levels_.back().key_position;
    level.path = next_path();
    levels_.push_back(std::move(level));
    return true;
  }

  bool scalar(const fy_event& event) {
    const Position position = position_of(event.scalar.value);
    if (levels_.empty()) {
      return is_null(event) || fatal(position, "expected a map of sections at the top");
    }
    Level& level = levels_.back();
    if (level.is_map && !level.has_key) {
      level.key = text_of(event.scalar.value);
      level.key_position = position;
      level.has_key = true;
      if (level.keys.insert(level.key).second) return true;
      return mistake(position, "duplicate key \"" + level.key + "\"");
    }
    const bool is_list = !level.is_map;
    YamlEntry entry{next_path(), text_of(event.scalar.value), level.key_position, position};
    if (is_null(event)) return true;
    (is_list ? level.scalars : entries_).push_back(std::move(entry));
    return true;
  }

  bool close() {
    Level level = std::move(levels_.back());
    levels_.pop_back();
    if (!level.is_map && !level.scalars.empty()) return close_list(level);
    if (level.is_map && find_option(level.path) != nullptr) return close_value_source(level);
    return true;
  }

  bool close_list(const Level& level) {
    std::string joined;
    for (const YamlEntry& scalar : level.scalars) joined += (joined.empty() ? "" : ", ") + scalar.value;
    entries_.push_back({level.path, std::move(joined), level.key_position, level.start});
    return true;
  }

  // {type: env, value: NAME} where an option stands (spec/config.md 4).
  bool close_value_source(const Level& level) {
    std::string type, value;
    std::erase_if(entries_, [&](const YamlEntry& entry) {
      if (!entry.key.starts_with(level.path + ".")) return false;
      const std::string_view name = std::string_view(entry.key).substr(level.path.size() + 1);
      if (name == "type") type = entry.value;
      if (name == "value") value = entry.value;
      return true;
    });
    if (type == "env") {
      const std::optional<std::string> found = environment_(value);
      if (!found) {
        return mistake(level.start, level.path + ": environment variable " + value + " is not set");
      }
      value = *found;
    } else if (type != "text") {
      return mistake(level.start, level.path + ": expected a value, or {type: env, value: NAME}");
    }
    entries_.push_back({level.path, std::move(value), level.key_position, level.start});
    return true;
  }

  const Config::Environment& environment_;
  std::vector<YamlEntry>& entries_;
  std::vector<YamlMistake>& mistakes_;
  std::vector<Level> levels_;
  int documents_ = 0;
};

void report_syntax_error(fy_diag* diag, std::vector<YamlMistake>& mistakes) {
  void* position = nullptr;
  if (const fy_diag_error* error = fy_diag_errors_iterate(diag, &position)) {
    mistakes.push_back({{static_cast<uint32_t>(std::max(error->line, 1)),
                         static_cast<uint32_t>(std::max(error->column, 1))},
                        std::string("YAML: ") + error->msg});
  } else {
    mistakes.push_back({{1, 1}, "YAML: the document cannot be read"});
  }
}

}  // namespace

void read_yaml(std::string_view yaml, const Config::Environment& environment,
               std::vector<YamlEntry>& entries, std::vector<YamlMistake>& mistakes) {
  if (yaml.size() > kMaxBytes) {
    mistakes.push_back({{1, 1}, "the configuration is larger than 1 MiB"});
    return;
  }
  if (yaml.find('\0') != std::string_view::npos) {
    mistakes.push_back({{1, 1}, "the configuration holds a NUL byte: not a text file"});
    return;
  }
  if (yaml.empty()) return;
  fy_diag_cfg diag_config;
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = nullptr;
  const std::unique_ptr<fy_diag, decltype(&fy_diag_destroy)> diag(fy_diag_create(&diag_config),
                                                                  fy_diag_destroy);
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config = {};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG);
  config.diag = diag.get();
  const std::unique_ptr<fy_parser, decltype(&fy_parser_destroy)> parser(fy_parser_create(&config),
                                                                        fy_parser_destroy);
  fy_parser_set_string(parser.get(), yaml.data(), yaml.size());

  Reader reader(environment, entries, mistakes);
  bool go_on = true;
  while (go_on) {
    fy_event* event = fy_parser_parse(parser.get());
    if (!event) break;
    go_on = event->type != FYET_STREAM_END && reader.take(*event);
    fy_parser_event_free(parser.get(), event);
  }
  if (go_on) report_syntax_error(diag.get(), mistakes);
}

}  // namespace qtap
