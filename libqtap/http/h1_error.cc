// SPDX-License-Identifier: Apache-2.0
#include "http/h1_error.h"

namespace qtap::http {

const char* h1_error_text(llhttp_errno_t error) {
  switch (error) {
    case HPE_INVALID_METHOD:
      return "invalid method";
    case HPE_INVALID_URL:
      return "invalid request target";
    case HPE_INVALID_VERSION:
      return "invalid version";
    case HPE_INVALID_STATUS:
      return "invalid status";
    case HPE_INVALID_HEADER_TOKEN:
      return "invalid header field";
    case HPE_INVALID_CONTENT_LENGTH:
    case HPE_UNEXPECTED_CONTENT_LENGTH:
      return "invalid Content-Length";
    case HPE_INVALID_TRANSFER_ENCODING:
      return "invalid Transfer-Encoding";
    case HPE_INVALID_CHUNK_SIZE:
      return "invalid chunk size";
    case HPE_STRICT:
    case HPE_CR_EXPECTED:
    case HPE_LF_EXPECTED:
      return "invalid line end";
    case HPE_UNEXPECTED_SPACE:
      return "unexpected space";
    default:  // what a callback refused among them: another version
      return "not HTTP/1";
  }
}

}  // namespace qtap::http
