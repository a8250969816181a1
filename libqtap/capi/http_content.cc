// SPDX-License-Identifier: Apache-2.0
// qtap/http.h over http/content_decoder.h and http/media_type.h.
#include <memory>
#include <utility>

#include <qtap/http.h>

#include "capi/boundary.h"
#include "http/content_decoder.h"
#include "http/media_type.h"

struct qtap_http_decoder {
  qtap::http::ContentDecoder decoder;
  qtap_http_decoded_fn take = nullptr;
  void* user = nullptr;
  bool is_inside = false;  // of a call
};

struct qtap_http_media_type {
  qtap::http::MediaType media_type;
};

namespace {

namespace http = qtap::http;

using qtap::capi::guard;

int state_of(http::DecodeState state) {
  switch (state) {
    case http::DecodeState::kOngoing:
      return QTAP_HTTP_DECODING;
    case http::DecodeState::kComplete:
      return QTAP_HTTP_DECODED;
    case http::DecodeState::kTruncated:
      return QTAP_HTTP_DECODE_TRUNCATED;
    case http::DecodeState::kLimit:
      return QTAP_HTTP_DECODE_LIMIT;
    case http::DecodeState::kGap:
      return QTAP_HTTP_DECODE_GAP;
    case http::DecodeState::kCorrupt:
      break;
  }
  return QTAP_HTTP_DECODE_CORRUPT;
}

int make(std::string_view content_encoding, const qtap_http_decode_limits* limits,
         qtap_http_decoded_fn take, void* user, qtap_http_decoder** ret) {
  http::DecodeLimits ours;
  if (limits) {
    const auto imported = qtap::capi::import_struct(limits, "qtap_http_decode_limits");
    if (!imported.ok()) return imported.error().status;
    if (imported->max_output_bytes > 0) ours.max_output_bytes = imported->max_output_bytes;
    if (imported->max_ratio > 0) ours.max_ratio = imported->max_ratio;
  }
  auto decoder = http::ContentDecoder::create(content_encoding, ours);
  if (!decoder.ok()) return decoder.error().status;
  *ret = new qtap_http_decoder{std::move(*decoder), take, user};
  return QTAP_OK;
}

// `step` works with the decoder and returns its state.
template <typename Step>
int on_decoder(qtap_http_decoder* d, Step step) {
  if (!d) return QTAP_ERR_INVALID;
  if (d->is_inside) return QTAP_ERR_BUSY;
  d->is_inside = true;
  const int status = guard([&] { return state_of(step(d->decoder)); });
  d->is_inside = false;
  return status;
}

qtap_str str_of(std::string_view text) {
  return {text.data(), text.size()};
}

}  // namespace

extern "C" {

int qtap_http_decoder_new(const char* content_encoding, size_t len,
                          const qtap_http_decode_limits* limits, qtap_http_decoded_fn take,
                          void* user, qtap_http_decoder** ret) {
  if (!take || !ret || (!content_encoding && len > 0)) return QTAP_ERR_INVALID;
  const std::string_view text(len == 0 ? "" : content_encoding, len);
  return guard([&] { return make(text, limits, take, user, ret); });
}

int qtap_http_decoder_data(qtap_http_decoder* d, const void* bytes, size_t len) {
  if (!bytes && len > 0) return QTAP_ERR_INVALID;
  return on_decoder(d, [&](http::ContentDecoder& decoder) {
    const std::string_view piece(len == 0 ? "" : static_cast<const char*>(bytes), len);
    return decoder.decode(piece, [d](std::string_view decoded) {
      if (!decoded.empty()) d->take(decoded.data(), decoded.size(), d->user);
    });
  });
}

int qtap_http_decoder_gap(qtap_http_decoder* d) {
  return on_decoder(d, [](http::ContentDecoder& decoder) { return decoder.gap(); });
}

int qtap_http_decoder_end(qtap_http_decoder* d) {
  return on_decoder(d, [](http::ContentDecoder& decoder) { return decoder.finish(); });
}

void qtap_http_decoder_free(qtap_http_decoder* d) {
  delete d;
}

int qtap_http_media_type_parse(const char* content_type, size_t len, qtap_http_media_type** ret) {
  if (!ret || (!content_type && len > 0)) return QTAP_ERR_INVALID;
  const std::string_view text(len == 0 ? "" : content_type, len);
  return guard([&] {
    *ret = new qtap_http_media_type{http::parse_media_type(text)};
    return QTAP_OK;
  });
}

qtap_str qtap_http_media_type_type(const qtap_http_media_type* m) {
  return str_of(m ? std::string_view(m->media_type.type) : "");
}

qtap_str qtap_http_media_type_subtype(const qtap_http_media_type* m) {
  return str_of(m ? std::string_view(m->media_type.subtype) : "");
}

qtap_str qtap_http_media_type_suffix(const qtap_http_media_type* m) {
  return str_of(m ? http::suffix(m->media_type) : "");
}

int qtap_http_media_type_parameter_at(const qtap_http_media_type* m, size_t index,
                                      qtap_str* ret_name, qtap_str* ret_value) {
  if (!m || !ret_name || !ret_value) return QTAP_ERR_INVALID;
  if (index >= m->media_type.parameters.size()) return QTAP_ERR_NOTFOUND;
  const http::MediaTypeParameter& parameter = m->media_type.parameters[index];
  *ret_name = str_of(parameter.name);
  *ret_value = str_of(parameter.value);
  return QTAP_OK;
}

const char* qtap_http_media_type_fault(const qtap_http_media_type* m, size_t* ret_offset) {
  if (ret_offset) *ret_offset = m ? m->media_type.fault_offset : 0;
  return http::media_type_fault_name(m ? m->media_type.fault : http::MediaTypeFault::kNone);
}

void qtap_http_media_type_free(qtap_http_media_type* m) {
  delete m;
}

}  // extern "C"
