// SPDX-License-Identifier: Apache-2.0
#include "probe/links.h"

#include <bpf/libbpf.h>

namespace qtap::probe {

void Links::clear() {
  for (bpf_link* link : links_) bpf_link__destroy(link);
  links_.clear();
}

void Links::drop_last() {
  bpf_link__destroy(links_.back());
  links_.pop_back();
}

}  // namespace qtap::probe
