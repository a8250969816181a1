// SPDX-License-Identifier: Apache-2.0
// Axiom's ingest interface: events as newline-separated JSON into a dataset.
#pragma once

#include <memory>
#include <string>

#include "sink/event_protocol.h"

namespace qtap::sink {

struct AxiomOptions {
  std::string url = "https://api.axiom.co";
  std::string token;
  std::string dataset = "qtap-events";
};

std::unique_ptr<EventProtocol> make_axiom(const AxiomOptions& options);

}  // namespace qtap::sink
