// SPDX-License-Identifier: Apache-2.0
#include "net/libcurl.h"

#include <dlfcn.h>

#include <string>
#include <type_traits>

namespace qtap::net {
namespace {

// 7.85: CURLOPT_PROTOCOLS_STR.
constexpr unsigned kOldest = 0x075500;

Error unusable(const std::string& why) {
  return {QTAP_ERR_UNSUPPORTED, "load libcurl.so.4: " + why + ": install libcurl4 7.85 or newer"};
}

std::string last_dl_error() {
  const char* const text = ::dlerror();
  return text ? text : "no reason was given";
}

Result<Libcurl> load() {
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return unusable(last_dl_error());
  Libcurl curl = {};
  bool is_whole = true;
  const auto find = [&](auto& function, const char* name) {
    function =
        reinterpret_cast<std::remove_reference_t<decltype(function)>>(::dlsym(library, name));
    is_whole = is_whole && function != nullptr;
  };
  decltype(&::curl_global_init) global_init = nullptr;
  find(global_init, "curl_global_init");
  find(curl.version_info, "curl_version_info");
  find(curl.easy_init, "curl_easy_init");
  find(curl.easy_cleanup, "curl_easy_cleanup");
  find(curl.easy_reset, "curl_easy_reset");
  find(curl.easy_setopt, "curl_easy_setopt");
  find(curl.easy_getinfo, "curl_easy_getinfo");
  find(curl.easy_strerror, "curl_easy_strerror");
  find(curl.multi_init, "curl_multi_init");
  find(curl.multi_cleanup, "curl_multi_cleanup");
  find(curl.multi_setopt, "curl_multi_setopt");
  find(curl.multi_add_handle, "curl_multi_add_handle");
  find(curl.multi_remove_handle, "curl_multi_remove_handle");
  find(curl.multi_perform, "curl_multi_perform");
  find(curl.multi_poll, "curl_multi_poll");
  find(curl.multi_wakeup, "curl_multi_wakeup");
  find(curl.multi_info_read, "curl_multi_info_read");
  find(curl.slist_append, "curl_slist_append");
  find(curl.slist_free_all, "curl_slist_free_all");
  if (!is_whole) return unusable(last_dl_error());
  const curl_version_info_data* const version = curl.version_info(CURLVERSION_NOW);
  if (version->version_num < kOldest) return unusable(std::string("it is ") + version->version);
  if ((version->features & CURL_VERSION_SSL) == 0) return unusable("it was built without TLS");
  if (global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) return unusable("it cannot be initialised");
  return curl;
}

}  // namespace

Result<const Libcurl*> load_libcurl() {
  static const Result<Libcurl> loaded = load();
  if (!loaded.ok()) return loaded.error();
  return &*loaded;
}

}  // namespace qtap::net
