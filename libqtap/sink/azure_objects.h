// SPDX-License-Identifier: Apache-2.0
// In: objects. Out: block blobs of a container of Azure's Blob service, or of anything that speaks
// its REST protocol. Only what is not there is written: 409 with BlobAlreadyExists means that the
// bytes are. Large ones go in blocks; blocks that no list names the service forgets after a week.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "net/http_client.h"
#include "s3/secret.h"
#include "sink/object_place.h"
#include "sink/sink.h"

namespace qtap::sink {

struct AzureOptions {
  std::string account;
  std::string container;
  std::string endpoint;  // host, host:port; a path behind it names the account (Azurite)
  bool is_plain = false;
  // One of them:
  s3::Secret shared_key;  // its bytes
  s3::Secret sas_token;   // the query of a shared access signature, without "?"
  PlaceOptions place;
  std::chrono::milliseconds timeout{30'000};  // of one attempt, or of one block
  uint64_t blocks_above = 64u << 20;          // bytes; as S3's
  uint64_t block_bytes = 0;                   // 0: what s3::part_bytes() says
  net::ClientOptions client;
};

Result<std::unique_ptr<Sink>> make_azure_objects(std::string id, AzureOptions options);

}  // namespace qtap::sink
