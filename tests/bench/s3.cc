// SPDX-License-Identifier: Apache-2.0
// Signatures per second of CPU beside bare HMAC-SHA-256 in the same run: the HMAC of the string to
// sign alone (OpenSSL's one-shot HMAC(), and with a kept key), and that with the SHA-256 of the
// canonical request, which is the least that a signature takes.
// Then chunks with signatures beside the bare hash of the same bytes.
// Usage: s3 [FOLDER]. FOLDER is not used. Prints one JSON array, and on standard error a table for
// people; tests/bench/run.py adds machine and commit.
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "s3/signer.h"

namespace {

using namespace qtap::s3;

constexpr int kRuns = 7;                 // the median of them is told
constexpr int64_t kRunNs = 100'000'000;  // what one of them takes, about
constexpr size_t kBodyBytes = 1 << 20;

int64_t cpu_ns() {
  timespec now = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Nanoseconds of CPU for one call.
template <typename Call>
double cost_ns(Call call) {
  std::vector<double> runs;
  for (int run = 0; run < kRuns; ++run) {
    const int64_t begin = cpu_ns();
    int64_t spent = 0;
    int64_t calls = 0;
    while (spent < kRunNs) {
      for (int i = 0; i < 64; ++i) call();
      calls += 64;
      spent = cpu_ns() - begin;
    }
    runs.push_back(static_cast<double>(spent) / static_cast<double>(calls));
  }
  std::sort(runs.begin(), runs.end());
  return runs[kRuns / 2];
}

bool g_first = true;

void tell(const char* name, double ns, double bytes = 0) {
  std::printf(
      "%s{\"name\": \"%s\", \"ns\": %.0f, \"per_second\": %.0f, \"bytes_per_second\": %.0f}",
      g_first ? "[" : ",\n", name, ns, 1e9 / ns, bytes / ns * 1e9);
  g_first = false;
  std::fprintf(stderr, "%-46s %9.0f ns %12.0f /s", name, ns, 1e9 / ns);
  if (bytes > 0) std::fprintf(stderr, " %9.0f MiB/s", bytes / ns * 1e9 / (1 << 20));
  std::fprintf(stderr, "\n");
}

void must(bool is_done, const char* what) {
  if (is_done) return;
  std::fprintf(stderr, "bench s3: %s\n", what);
  std::exit(1);
}

// The upload of an object whose digest is known: what the S3 store sends.
struct Upload {
  const std::string hash = qtap::sha256_hex("body");
  const std::vector<HeaderView> headers = {{"Host", "bucket.s3.eu-central-1.amazonaws.com"},
                                           {"Content-Type", "application/json"},
                                           {"Content-Length", "4096"},
                                           {"If-None-Match", "*"}};
  Request request() const {
    Request request{"PUT",
                    "/0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
                    headers,
                    {},
                    1'440'938'160};
    request.payload.sha256 = hash;
    return request;
  }
};

Credentials credentials() {
  Credentials out;
  out.access_key_id = "AKIDEXAMPLE";
  out.secret_key = Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  return out;
}

void bench_signatures() {
  const Upload upload;
  const Request request = upload.request();
  const Credentials by = credentials();
  const Signer signer = *Signer::create({"eu-central-1", "s3"}, Rules::s3());
  const auto made = signer.sign(request, by);
  must(made.ok(), "cannot sign");

  const std::string key(32, 'k');
  unsigned char digest[32];
  unsigned int size = 0;
  tell("bare HMAC(), key worked in each time", cost_ns([&] {
         HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
              reinterpret_cast<const unsigned char*>(made->string_to_sign.data()),
              made->string_to_sign.size(), digest, &size);
       }));
  Hmac kept{std::string_view(key)};
  tell("bare HMAC, kept key", cost_ns([&] { kept.digest(made->string_to_sign); }));
  tell("bare HMAC, kept key, and SHA-256 of the request", cost_ns([&] {
         qtap::sha256_hex(made->canonical_request);
         kept.digest(made->string_to_sign);
       }));
  tell("sign", cost_ns([&] { must(signer.sign(request, by).ok(), "cannot sign"); }));
  tell("presign", cost_ns([&] { must(signer.presign(request, by, 60).ok(), "cannot presign"); }));
  Request tomorrow = request;
  tell("sign, another day each time (nothing kept)", cost_ns([&] {
         tomorrow.time_s = (tomorrow.time_s + 86'400) % 100'000'000'000;
         must(signer.sign(tomorrow, by).ok(), "cannot sign");
       }));
}

void bench_chunks() {
  const Upload upload;
  Request request = upload.request();
  request.payload = {.kind = PayloadKind::kSignedChunks, .decoded_length = kBodyBytes};
  const Credentials by = credentials();
  const Signer signer = *Signer::create({"eu-central-1", "s3"}, Rules::s3());
  const auto made = signer.sign(request, by);
  must(made.ok(), "cannot sign");
  const std::string body(kBodyBytes, 'b');
  tell("bare SHA-256 of 1 MiB", cost_ns([&] { qtap::sha256_hex(body); }), kBodyBytes);
  std::string out;
  tell("signed chunks of 64 KiB, 1 MiB", cost_ns([&] {
         auto encoder = signer.encoder(*made, request.payload, by, 0);
         out.clear();
         must(encoder.ok() && encoder->data(body, out).ok() && encoder->end({}, out).ok(),
              "cannot encode");
       }),
       kBodyBytes);
}

}  // namespace

int main() {
  bench_signatures();
  bench_chunks();
  std::printf("]\n");
}
