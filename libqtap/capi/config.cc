// SPDX-License-Identifier: Apache-2.0
#include <qtap/config.h>

#include <cstdlib>
#include <vector>

#include "capi/boundary.h"
#include "model/option_table.h"

using namespace qtap::capi;

namespace {

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value ? std::optional<std::string>(value) : std::nullopt;
}

std::vector<qtap_option> public_options() {
  std::vector<qtap_option> rows;
  for (const qtap::Option& option : qtap::option_table()) {
    rows.push_back({sizeof(qtap_option), option.key, qtap::option_type_name(option.type),
                    option.default_text, option.help, option.since});
  }
  return rows;
}

}  // namespace

extern "C" {

int qtap_config_new(qtap_config** ret) {
  if (!ret) return QTAP_ERR_INVALID;
  return guard([&] {
    *ret = std::make_unique<qtap_config>().release();
    return QTAP_OK;
  });
}

void qtap_config_free(qtap_config* config) {
  delete config;
}

int qtap_config_set(qtap_config* config, const char* key, const char* value) {
  if (!config || !key || !value) return QTAP_ERR_INVALID;
  return guard_with_text(config->error, [&] { return config->config.set(key, value); });
}

int qtap_config_parse(qtap_config* config, const char* yaml, size_t len) {
  return qtap_config_parse_named(config, yaml, len, "config");
}

int qtap_config_parse_named(qtap_config* config, const char* yaml, size_t len, const char* name) {
  if (!config || !name || (!yaml && len > 0)) return QTAP_ERR_INVALID;
  return guard_with_text(config->error, [&] {
    return config->config.parse(yaml ? std::string_view(yaml, len) : "", name, environment);
  });
}

void qtap_config_set_logger(qtap_config* config, qtap_log_fn fn, void* user) {
  if (config) config->logger = {fn, user};
}

const char* qtap_config_error(qtap_config* config) {
  return config ? config->error.c_str() : "";
}

const struct qtap_option* qtap_option_at(size_t index) {
  const qtap_option* row = nullptr;
  guard([&] {
    static const std::vector<qtap_option> rows = public_options();
    if (index < rows.size()) row = &rows[index];
    return QTAP_OK;
  });
  return row;
}

}  // extern "C"
