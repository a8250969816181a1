// SPDX-License-Identifier: Apache-2.0
// libcurl, loaded when somebody first sends something. Linked in, it would bring some thirty
// libraries into every process that only watches: their pages, their start-up, and a libssl that
// the probes would find in ourselves.
#pragma once

#include <curl/curl.h>

#include "base/result.h"

namespace qtap::net {

struct Libcurl {
  decltype(&::curl_version_info) version_info;
  decltype(&::curl_easy_init) easy_init;
  decltype(&::curl_easy_cleanup) easy_cleanup;
  decltype(&::curl_easy_reset) easy_reset;
  decltype(&::curl_easy_setopt) easy_setopt;
  decltype(&::curl_easy_getinfo) easy_getinfo;
  decltype(&::curl_easy_strerror) easy_strerror;
  decltype(&::curl_multi_init) multi_init;
  decltype(&::curl_multi_cleanup) multi_cleanup;
  decltype(&::curl_multi_setopt) multi_setopt;
  decltype(&::curl_multi_add_handle) multi_add_handle;
  decltype(&::curl_multi_remove_handle) multi_remove_handle;
  decltype(&::curl_multi_perform) multi_perform;
  decltype(&::curl_multi_poll) multi_poll;
  decltype(&::curl_multi_wakeup) multi_wakeup;
  decltype(&::curl_multi_info_read) multi_info_read;
  decltype(&::curl_slist_append) slist_append;
  decltype(&::curl_slist_free_all) slist_free_all;
};

// Any thread. It stays for the life of the process. QTAP_ERR_UNSUPPORTED: it is not installed, too
// old, or was built without TLS.
Result<const Libcurl*> load_libcurl();

}  // namespace qtap::net
