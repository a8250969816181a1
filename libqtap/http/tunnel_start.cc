// SPDX-License-Identifier: Apache-2.0
#include "http/tunnel_start.h"

#include "http/h2_frames.h"
#include "http/start_line.h"

namespace qtap::http {
namespace {

// The preface begins with a line that looks like one of a request: "PRI * HTTP/2.0".
constexpr size_t kPrefaceLine = std::string_view(kH2Preface).find('\n') + 1;

bool may_be_in_method(char c) {
  return (c >= 'A' && c <= 'Z') || c == '-';
}

}  // namespace

size_t TunnelStart::add(int64_t time_ns, std::string_view bytes) {
  if (proof_ != Proof::kNeedMore) return 0;
  size_t used = 0;
  bool is_decided = false;
  while (used < bytes.size() && !is_decided) is_decided = is_decisive(bytes[used++]);
  first_.append(time_ns, bytes.substr(0, used));
  if (!is_decided) return used;
  std::string_view line = first_.view();
  const bool has_line = line.ends_with('\n');
  line.remove_suffix(1);
  if (preface_ == kH2PrefaceBytes) {
    proof_ = Proof::kHttp2;
  } else {
    const bool is_request = has_line && find_start_line(line, StartLine::kRequest) == 0;
    proof_ = is_request ? Proof::kHttp1 : Proof::kOther;
  }
  return used;
}

// After this byte nothing is open any more.
bool TunnelStart::is_decisive(char byte) {
  const bool is_preface = preface_ == size_++ && byte == kH2Preface[preface_];
  if (is_preface) return ++preface_ == kH2PrefaceBytes;
  if (preface_ >= kPrefaceLine || byte == '\n' || size_ >= kMaxLine) return true;
  if (!in_method_) return false;
  in_method_ = byte != ' ';
  return in_method_ ? !may_be_in_method(byte) : size_ == 1;
}

}  // namespace qtap::http
