// SPDX-License-Identifier: Apache-2.0
#include "s3/profiles.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace qtap::s3 {
namespace {

using Sections = std::map<std::string, Profile, std::less<>>;

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

Error wrong_line(size_t number, std::string_view why) {
  return {QTAP_ERR_INVALID, "line " + std::to_string(number) + ": " + std::string(why)};
}

// "~/x" is below HOME.
std::string expanded(const Surroundings& in, std::string path) {
  if (!path.starts_with("~/")) return path;
  return in.variable("HOME").value_or("") + path.substr(1);
}

Result<Sections> load_file(const Surroundings& in, const std::string& path) {
  auto text = in.read_file(path);
  if (!text && text.error().status == QTAP_ERR_NOTFOUND) return Sections();
  if (!text) return std::move(text).error();
  auto sections = parse_ini(*text);
  cleanse(text->data(), text->size());
  if (!sections) return Error(QTAP_ERR_INVALID, path + ": " + sections.error().text);
  return sections;
}

// [default], [profile default], [profile x] and [profile "x"] are profiles; other sections
// ([sso-session x], [services x]) are not.
std::optional<std::string> profile_name(std::string_view section) {
  if (section == "default") return "default";
  if (!section.starts_with("profile ") && !section.starts_with("profile\t")) return std::nullopt;
  std::string_view name = trimmed(section.substr(8));
  if (name.size() >= 2 && (name[0] == '"' || name[0] == '\'') && name.back() == name[0]) {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(name);
}

const Profile* find_in(const Sections& sections, std::string_view name) {
  const auto found = sections.find(name);
  return found == sections.end() ? nullptr : &found->second;
}

}  // namespace

Result<Sections> parse_ini(std::string_view text) {
  Sections sections;
  Profile* section = nullptr;
  size_t number = 0;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view raw = text.substr(at, end - at);
    const std::string_view line = trimmed(raw);
    at = end + 1;
    ++number;
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      const size_t close = line.find(']');
      if (close == std::string_view::npos) return wrong_line(number, "expected \"]\"");
      section = &sections[std::string(trimmed(line.substr(1, close - 1)))];
      continue;
    }
    if (raw[0] == ' ' || raw[0] == '\t') continue;
    const size_t equals = std::min(line.find('='), line.find(':'));
    if (equals == 0 || equals == std::string_view::npos) {
      return wrong_line(number, "expected \"[\" or \"key = value\"");
    }
    if (section == nullptr) return wrong_line(number, "a key before the first [section]");
    (*section)[lower(trimmed(line.substr(0, equals)))] = trimmed(line.substr(equals + 1));
  }
  return sections;
}

Result<Profiles> Profiles::load(const Surroundings& in) {
  Profiles out;
  out.config_path_ = expanded(in, in.variable("AWS_CONFIG_FILE").value_or("~/.aws/config"));
  out.credentials_path_ =
      expanded(in, in.variable("AWS_SHARED_CREDENTIALS_FILE").value_or("~/.aws/credentials"));
  QTAP_TRY(Sections config, load_file(in, out.config_path_));
  for (auto& [section, profile] : config) {
    if (auto name = profile_name(section)) out.config_[*name].merge(profile);
  }
  QTAP_TRY(out.credentials_, load_file(in, out.credentials_path_));
  out.merged_ = out.config_;
  for (const auto& [name, profile] : out.credentials_) {
    for (const auto& [key, value] : profile) out.merged_[name][key] = value;
  }
  return out;
}

const Profile* Profiles::find(std::string_view name) const {
  return find_in(merged_, name);
}
const Profile* Profiles::in_credentials(std::string_view name) const {
  return find_in(credentials_, name);
}
const Profile* Profiles::in_config(std::string_view name) const {
  return find_in(config_, name);
}

std::optional<std::string> value_of(const Profile& profile, std::string_view key) {
  const auto found = profile.find(key);
  if (found == profile.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

}  // namespace qtap::s3
