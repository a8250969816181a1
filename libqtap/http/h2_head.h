// SPDX-License-Identifier: Apache-2.0
// In: the fields of one field block of HTTP/2. Out: a head: pseudo fields apart, and whether it is
// well-formed (RFC 9113, 8.2 and 8.3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/h2_frames.h"
#include "http/hpack.h"
#include "http/message.h"

namespace qtap::http {

struct H2Head {
  FieldList fields;  // without pseudo fields. An empty name: it is unknown
  std::string method;
  std::string scheme;
  std::string authority;
  std::string path;
  std::string protocol;  // RFC 8441
  std::optional<int> status;
  std::optional<uint64_t> content_length;
  uint8_t pseudo = 0;           // which came: bits of H2Pseudo
  uint32_t unknown_fields = 0;  // of which name or value are older than what was seen
  bool over_limit = false;      // fields were left out
  bool malformed = false;       // whatever it is the head of

  bool has(uint8_t wanted) const { return (pseudo & wanted) == wanted; }
};

enum H2Pseudo : uint8_t {
  kH2Method = 1,
  kH2Scheme = 2,
  kH2Authority = 4,
  kH2Path = 8,
  kH2Status = 16,
  kH2Protocol = 32,  // RFC 8441
  kH2RequestPseudo = kH2Method | kH2Scheme | kH2Authority | kH2Path | kH2Protocol,
};

// Whether a head is a sound one of its kind. What is unknown is not held against it.
bool is_sound_h2_request(const H2Head& head);
bool is_sound_h2_response(const H2Head& head);
bool is_sound_h2_trailers(const H2Head& head);

// The field block in the payload of a HEADERS, PUSH_PROMISE or CONTINUATION frame, without padding
// and priority; data() is null when these do not fit.
std::string_view h2_field_block(const H2FrameHeader& header, std::string_view payload);

// Collects the fields of one block after another.
class H2HeadReader final : public HpackSink {
 public:
  // `exact`: no name can be unknown. `max_bytes`: of names and values that are kept.
  void begin(bool exact, uint64_t max_bytes);
  void on_field(std::string_view name, std::string_view value) override;
  void on_field_again(std::string_view name, std::string_view value) override;
  void on_unknown_field() override;
  H2Head& head() { return head_; }

 private:
  void on_pseudo(std::string_view name, std::string_view value);
  void on_regular(std::string_view name, std::string_view value);
  void check_framing(std::string_view name, std::string_view value);
  void take_length(std::string_view value);
  bool fits(size_t bytes);
  bool take_pseudo(H2Pseudo which, std::string_view value);
  void set(H2Pseudo which, std::string& into, std::string_view value);
  void set_status(std::string_view value);

  H2Head head_;
  uint64_t room_ = 0;
  bool exact_ = true;
  bool in_regular_ = false;
  bool saw_bad_text_ = false;  // in any block: a later one may refer to it
};

}  // namespace qtap::http
