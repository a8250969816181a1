// SPDX-License-Identifier: Apache-2.0
#include <qtap/base.h>

extern "C" {

const char* qtap_version(void) {
  return QTAP_VERSION;
}

const char* qtap_status_name(int status) {
  switch (status) {
    case QTAP_OK:
      return "QTAP_OK";
    case QTAP_WARN_PARTIAL:
      return "QTAP_WARN_PARTIAL";
    case QTAP_ERR_INVALID:
      return "QTAP_ERR_INVALID";
    case QTAP_ERR_NOMEM:
      return "QTAP_ERR_NOMEM";
    case QTAP_ERR_STATE:
      return "QTAP_ERR_STATE";
    case QTAP_ERR_BUSY:
      return "QTAP_ERR_BUSY";
    case QTAP_ERR_PERM:
      return "QTAP_ERR_PERM";
    case QTAP_ERR_UNSUPPORTED:
      return "QTAP_ERR_UNSUPPORTED";
    case QTAP_ERR_NOTFOUND:
      return "QTAP_ERR_NOTFOUND";
    case QTAP_ERR_IO:
      return "QTAP_ERR_IO";
    case QTAP_ERR_CALLBACK:
      return "QTAP_ERR_CALLBACK";
    case QTAP_ERR_AGAIN:
      return "QTAP_ERR_AGAIN";
    case QTAP_ERR_TIMEOUT:
      return "QTAP_ERR_TIMEOUT";
    case QTAP_ERR_CORRUPT:
      return "QTAP_ERR_CORRUPT";
    case QTAP_ERR_LIMIT:
      return "QTAP_ERR_LIMIT";
    case QTAP_ERR_INTERNAL:
      return "QTAP_ERR_INTERNAL";
    default:
      return "QTAP_ERR_UNKNOWN";
  }
}

}  // extern "C"
