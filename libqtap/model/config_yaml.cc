// SPDX-License-Identifier: Apache-2.0
#include "model/config_yaml.h"

#include <libfyaml.h>

#include <algorithm>
#include <memory>
#include <set>

#include "base/utf8.h"
#include "model/option_value.h"

namespace qtap {
namespace {

// spec/config.md 1 and 2.
constexpr size_t kMaxBytes = 1u << 20;
constexpr size_t kMaxDepth = 32;

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

// A map or list whose end has not come yet.
struct Open {
  YamlNode node;
  std::set<std::string, std::less<>> keys;  // of a map
  YamlMember member;                        // the key that waits for its value
  bool has_key = false;
};

class Reader {
 public:
  explicit Reader(std::vector<Mistake>& mistakes) : mistakes_(mistakes) {}

  // False: give up.
  bool take(const fy_event& event) {
    switch (event.type) {
      case FYET_DOCUMENT_START:
        if (++documents_ == 1) return true;
        return fatal("QT121", position_of(event.document_start.document_start),
                     "more than one YAML document; one file holds one configuration");
      case FYET_MAPPING_START:
        return is_plain(event.mapping_start.anchor, event.mapping_start.tag) &&
               open(YamlNode::Kind::kMap, position_of(event.mapping_start.mapping_start));
      case FYET_SEQUENCE_START:
        return is_plain(event.sequence_start.anchor, event.sequence_start.tag) &&
               open(YamlNode::Kind::kList, position_of(event.sequence_start.sequence_start));
      case FYET_MAPPING_END:
      case FYET_SEQUENCE_END:
        return close();
      case FYET_SCALAR:
        return is_plain(event.scalar.anchor, event.scalar.tag) && scalar(event.scalar.value);
      case FYET_ALIAS:
        return fatal("QT122", position_of(event.alias.anchor),
                     "aliases are not supported; repeat the text");
      default:
        return true;
    }
  }

  bool has_document() const { return documents_ > 0; }
  YamlNode finish() { return std::move(root_); }

 private:
  bool mistake(MessageId id, const Position& position, std::string text) {
    mistakes_.push_back({position, {id, QTAP_ERR_INVALID, std::move(text)}});
    return mistakes_.size() < kMaxMistakes;
  }
  bool fatal(MessageId id, const Position& position, std::string text) {
    mistake(id, position, std::move(text));
    return false;
  }
  bool is_plain(fy_token* anchor, fy_token* tag) {
    if (anchor)
      return fatal("QT123", position_of(anchor), "anchors are not supported; repeat the text");
    if (tag) return fatal("QT124", position_of(tag), "tags are not supported; leave the type out");
    return true;
  }

  bool awaits_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::kMap &&
           !open_.back().has_key;
  }

  bool open(YamlNode::Kind kind, const Position& position) {
    if (open_.size() >= kMaxDepth) return fatal("QT125", position, "nested deeper than 32 levels");
    if (awaits_key()) return fatal("QT126", position, "a key must be text");
    open_.emplace_back();
    open_.back().node.kind = kind;
    open_.back().node.position = position;
    return true;
  }

  bool close() {
    YamlNode node = std::move(open_.back().node);
    open_.pop_back();
    place(std::move(node));
    return true;
  }

  bool scalar(fy_token* token) {
    // An empty value has no token.
    const fy_scalar_style style = token ? fy_scalar_token_get_style(token) : FYSS_PLAIN;
    Position position = token ? position_of(token) : here_;
    // The token of a quoted text begins behind its quote.
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && position.column > 1) {
      --position.column;
    }
    std::string text = text_of(token);
    if (awaits_key()) return key(position, std::move(text));
    YamlNode node;
    node.position = position;
    const bool is_null = style == FYSS_PLAIN && (text.empty() || text == "null" || text == "~");
    if (!is_null) {
      node.kind = YamlNode::Kind::kText;
      node.text = std::move(text);
    }
    place(std::move(node));
    return true;
  }

  bool key(const Position& position, std::string text) {
    Open& map = open_.back();
    const bool is_new = map.keys.insert(text).second;
    here_ = position;
    map.member = {text, position, {}};
    map.has_key = true;
    return is_new || mistake("QT127", position, "duplicate key " + quoted(text));
  }

  void place(YamlNode node) {
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Open& parent = open_.back();
    if (parent.node.kind == YamlNode::Kind::kList) {
      parent.node.items.push_back(std::move(node));
    } else if (parent.has_key) {
      parent.member.value = std::move(node);
      parent.node.members.push_back(std::move(parent.member));
      parent.has_key = false;
    }
  }

  std::vector<Mistake>& mistakes_;
  std::vector<Open> open_;
  YamlNode root_;
  Position here_ = {1, 1};  // of the last key
  int documents_ = 0;
};

void report_syntax_error(fy_diag* diag, std::vector<Mistake>& mistakes) {
  void* state = nullptr;
  Mistake mistake = {{1, 1}, {"QT128", QTAP_ERR_INVALID, "YAML: the document cannot be read"}};
  if (const fy_diag_error* error = fy_diag_errors_iterate(diag, &state)) {
    mistake.position = {static_cast<uint32_t>(std::max(error->line, 1)),
                        static_cast<uint32_t>(std::max(error->column, 1))};
    std::string text = error->msg ? error->msg : "";
    text.resize(std::min(text.find('\n'), text.size()));
    mistake.error.text = "YAML: " + text;
  }
  mistakes.push_back(std::move(mistake));
}

// The place of a byte.
Position position_at(std::string_view yaml, size_t offset) {
  const std::string_view before = yaml.substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {static_cast<uint32_t>(lines + 1), static_cast<uint32_t>(offset - line_start + 1)};
}

bool check_bytes(std::string_view yaml, std::vector<Mistake>& mistakes) {
  if (yaml.size() > kMaxBytes) {
    mistakes.push_back(
        {{1, 1}, {"QT129", QTAP_ERR_INVALID, "the configuration is larger than 1 MiB"}});
    return false;
  }
  // libfyaml takes the first bad byte for the end of the document.
  for (size_t i = 0; i < yaml.size();) {
    const size_t len = utf8_sequence(yaml.substr(i));
    if (len == 0 || yaml[i] == '\0') {
      mistakes.push_back(
          {position_at(yaml, i), {"QT130", QTAP_ERR_INVALID, "this byte is no UTF-8 text"}});
      return false;
    }
    i += len;
  }
  return true;
}

// Is there anything but space, comments and "---"?
bool has_content(std::string_view yaml) {
  while (!yaml.empty()) {
    std::string_view line = yaml.substr(0, yaml.find('\n'));
    yaml.remove_prefix(std::min(line.size() + 1, yaml.size()));
    const size_t first = line.find_first_not_of(" \t\r\xef\xbb\xbf");
    if (first == std::string_view::npos || line[first] == '#' || line.starts_with("---")) continue;
    return true;
  }
  return false;
}

}  // namespace

const YamlNode* find_member(const YamlNode& map, std::string_view key) {
  for (const YamlMember& member : map.members) {
    if (member.key == key) return &member.value;
  }
  return nullptr;
}

bool read_yaml(std::string_view yaml, YamlNode& ret, std::vector<Mistake>& mistakes) {
  ret = {};
  ret.kind = YamlNode::Kind::kMap;
  ret.position = {1, 1};
  if (yaml.empty()) return true;
  if (!check_bytes(yaml, mistakes)) return false;

  fy_diag_cfg diag_config;
  fy_diag_cfg_default(&diag_config);
  diag_config.fp = nullptr;  // nothing to stderr
  const std::unique_ptr<fy_diag, decltype(&fy_diag_destroy)> diag(fy_diag_create(&diag_config),
                                                                  fy_diag_destroy);
  fy_diag_set_collect_errors(diag.get(), true);
  fy_parse_cfg config = {};
  config.flags = static_cast<fy_parse_cfg_flags>(FYPCF_QUIET | FYPCF_COLLECT_DIAG);
  config.diag = diag.get();
  const std::unique_ptr<fy_parser, decltype(&fy_parser_destroy)> parser(fy_parser_create(&config),
                                                                        fy_parser_destroy);
  if (!parser || fy_parser_set_string(parser.get(), yaml.data(), yaml.size()) != 0) {
    report_syntax_error(diag.get(), mistakes);
    return false;
  }

  Reader reader(mistakes);
  bool is_over = false;
  bool is_readable = true;
  // Owned, since take() allocates and may throw.
  const auto free_event = [&](fy_event* event) { fy_parser_event_free(parser.get(), event); };
  while (!is_over && is_readable) {
    const std::unique_ptr<fy_event, decltype(free_event)> event(fy_parser_parse(parser.get()),
                                                                free_event);
    if (!event) break;
    is_over = event->type == FYET_STREAM_END;
    is_readable = reader.take(*event);
  }
  if (!is_over) {
    if (is_readable) report_syntax_error(diag.get(), mistakes);
    return false;
  }

  if (!reader.has_document() && has_content(yaml)) {
    report_syntax_error(diag.get(), mistakes);
    return false;
  }

  YamlNode root = reader.finish();
  if (root.kind == YamlNode::Kind::kNull) return true;
  if (root.kind != YamlNode::Kind::kMap) {
    mistakes.push_back(
        {root.position, {"QT131", QTAP_ERR_INVALID, "expected a map of sections at the top"}});
    return false;
  }
  ret = std::move(root);
  return true;
}

}  // namespace qtap
