// SPDX-License-Identifier: Apache-2.0
/**
 * @file s3.hpp
 * Signing requests, for C++20; see s3.h.
 */
#ifndef QTAP_S3_HPP
#define QTAP_S3_HPP

#include <qtap/s3.h>
#include <qtap/base.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace qtap {
inline namespace v0 {

/** What signing came to; see qtap_s3_signed_text(). @since 0.1 */
class S3Signed {
 public:
  std::string_view canonical_request() const { return text(QTAP_S3_CANONICAL_REQUEST); }
  std::string_view string_to_sign() const { return text(QTAP_S3_STRING_TO_SIGN); }
  std::string_view signature() const { return text(QTAP_S3_SIGNATURE); }
  std::string_view signed_headers() const { return text(QTAP_S3_SIGNED_HEADERS); }
  std::string_view target() const { return text(QTAP_S3_TARGET); }
  /** Calls `each(std::string_view name, std::string_view value)` for every header to set. */
  template <typename Each>
  void for_each_header(Each&& each) const {
    qtap_s3_header header = {};
    for (size_t at = 0; qtap_s3_signed_header_at(handle_.get(), at, &header) == QTAP_OK; ++at) {
      each(view(header.name), view(header.value));
    }
  }
  const qtap_s3_signed* get() const { return handle_.get(); }

 private:
  friend class S3Signer;
  std::string_view text(int which) const { return view(qtap_s3_signed_text(handle_.get(), which)); }
  struct Free {
    void operator()(qtap_s3_signed* made) const { qtap_s3_signed_free(made); }
  };
  std::unique_ptr<qtap_s3_signed, Free> handle_;
};

/** Makes a body of chunks; see qtap_s3_chunks_new(). @since 0.1 */
class S3Chunks {
 public:
  /** `ret` is what to send now; borrowed until the next call. */
  Status data(std::string_view bytes, std::string_view& ret) {
    qtap_s3_error why = {sizeof why, {}};
    qtap_str out = {};
    const int code = qtap_s3_chunks_data(handle_.get(), bytes.data(), bytes.size(), &out, &why);
    if (code < 0) return {code, why.text};
    ret = view(out);
    return {};
  }
  Status end(std::span<const qtap_s3_header> trailers, std::string_view& ret) {
    qtap_s3_error why = {sizeof why, {}};
    qtap_str out = {};
    const int code =
        qtap_s3_chunks_end(handle_.get(), trailers.data(), trailers.size(), &out, &why);
    if (code < 0) return {code, why.text};
    ret = view(out);
    return {};
  }

 private:
  friend class S3Signer;
  struct Free {
    void operator()(qtap_s3_chunks* chunks) const { qtap_s3_chunks_free(chunks); }
  };
  std::unique_ptr<qtap_s3_chunks, Free> handle_;
};

/** Signs requests; see qtap_s3_signer_new(). Several threads may sign with one. @since 0.1 */
class S3Signer {
 public:
  S3Signer() = default;

  /** `options.size` need not be set. On success `ret` is the signer. */
  static Status make(qtap_s3_options options, S3Signer& ret) {
    options.size = sizeof options;
    qtap_s3_error why = {sizeof why, {}};
    qtap_s3_signer* raw = nullptr;
    const int code = qtap_s3_signer_new(&options, &raw, &why);
    if (code < 0) return {code, why.text};
    ret.handle_.reset(raw);
    return {};
  }

  /** `request.size` need not be set. */
  Status sign(qtap_s3_request request, S3Signed& ret) const {
    request.size = sizeof request;
    qtap_s3_error why = {sizeof why, {}};
    qtap_s3_signed* raw = nullptr;
    const int code = qtap_s3_sign(handle_.get(), &request, &raw, &why);
    if (code < 0) return {code, why.text};
    ret.handle_.reset(raw);
    return {};
  }
  /** A link for `expires_s` seconds. */
  Status presign(qtap_s3_request request, uint32_t expires_s, S3Signed& ret) const {
    request.size = sizeof request;
    qtap_s3_error why = {sizeof why, {}};
    qtap_s3_signed* raw = nullptr;
    const int code = qtap_s3_presign(handle_.get(), &request, expires_s, &raw, &why);
    if (code < 0) return {code, why.text};
    ret.handle_.reset(raw);
    return {};
  }
  /** The encoder of the body of what was signed for chunks. */
  Status chunks(const S3Signed& made, size_t chunk_bytes, S3Chunks& ret) const {
    qtap_s3_error why = {sizeof why, {}};
    qtap_s3_chunks* raw = nullptr;
    const int code = qtap_s3_chunks_new(handle_.get(), made.get(), chunk_bytes, &raw, &why);
    if (code < 0) return {code, why.text};
    ret.handle_.reset(raw);
    return {};
  }

 private:
  struct Free {
    void operator()(qtap_s3_signer* signer) const { qtap_s3_signer_free(signer); }
  };
  std::unique_ptr<qtap_s3_signer, Free> handle_;
};

}  // namespace v0
}  // namespace qtap

#endif  // QTAP_S3_HPP
