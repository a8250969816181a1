// SPDX-License-Identifier: Apache-2.0
#include "sink/azure_objects.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "s3/checksum.h"
#include "s3/multipart.h"
#include "s3/uri.h"
#include "s3/xml.h"
#include "sink/azure_key.h"
#include "sink/http_objects.h"
#include "sink/send_parts.h"
#include "sink/upload.h"

namespace qtap::sink {
namespace {

constexpr const char* kVersion = "2021-12-02";  // spec/events-and-objects.md 5

using Query = std::vector<std::pair<std::string_view, std::string_view>>;

// In base64 and of one length, as all of one blob must be ("Put Block"); digits alone are base64.
std::string block_id(size_t index) {
  const std::string number = std::to_string(index);
  return std::string(8 - number.size(), '0') + number;
}

std::string block_list(size_t blocks) {
  std::string out = "<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>";
  for (size_t i = 0; i < blocks; ++i) out += "<Latest>" + block_id(i) + "</Latest>";
  return out + "</BlockList>";
}

class AzureProtocol final : public ObjectProtocol {
 public:
  explicit AzureProtocol(AzureOptions options)
      : options_(std::move(options)),
        base_path_(options_.endpoint.substr(
            std::min(options_.endpoint.find('/'), options_.endpoint.size()))),
        base_url_((options_.is_plain ? "http://" : "https://") +
                  options_.endpoint.substr(0, options_.endpoint.find('/'))) {}

  Result<net::Request> request_for(const Object& object, const std::string& key) override {
    return make(key, object.data, {},
                {{"x-ms-blob-type", "BlockBlob"},
                 {"If-None-Match", "*"},
                 {"Content-Type", object.content_type}});
  }
  bool goes_in_parts(const Object& object) const override {
    return object.data.size() > options_.blocks_above;
  }
  Result<net::Reply> send_in_parts(net::HttpClient& client, const Object& object,
                                   const std::string& key) override;
  Status outcome_of(const Result<net::Reply>& reply) override;
  std::string where() const override { return "azure://" + options_.container + "/"; }

 private:
  net::Request make(const std::string& key, std::string_view body, const Query& query,
                    std::vector<s3::HeaderView> headers) const;

  const AzureOptions options_;
  const std::string base_path_;
  const std::string base_url_;
};

net::Request AzureProtocol::make(const std::string& key, std::string_view body, const Query& query,
                                 std::vector<s3::HeaderView> headers) const {
  const std::string path = base_path_ + "/" + s3::uri_encode(options_.container) + "/" +
                           s3::uri_encode(key, s3::Slash::kKept);
  const std::string date = http_date(clock_ns(CLOCK_REALTIME) / 1'000'000'000);
  // The service compares it with what came: no other digest of the body is in the request.
  const Result<std::string> md5 = s3::content_md5(body);
  headers.insert(headers.end(), {{"x-ms-date", date}, {"x-ms-version", kVersion}});
  if (md5.ok()) headers.push_back({"Content-MD5", *md5});
  net::Request request;
  request.method = "PUT";
  request.body = body;
  request.timeout = options_.timeout;
  for (const s3::HeaderView& header : headers) {
    request.fields.push_back(std::string(header.name) + ": " + std::string(header.value));
  }
  std::string target = path;
  for (size_t i = 0; i < query.size(); ++i) {
    target += i == 0 ? '?' : '&';
    target.append(query[i].first).append("=");
    s3::append_encoded(target, query[i].second, s3::Slash::kEncoded);
  }
  if (!options_.sas_token.empty()) {
    target.append(query.empty() ? "?" : "&").append(options_.sas_token.reveal());
  } else {
    const AzureRequest to_sign = {"PUT", path, query, headers, body.size()};
    request.fields.push_back("Authorization: " +
                             azure_authorization(to_sign, options_.account, options_.shared_key));
  }
  request.url = base_url_ + target;
  return request;
}

Result<net::Reply> AzureProtocol::send_in_parts(net::HttpClient& client, const Object& object,
                                                const std::string& key) {
  const std::string_view data = object.data;
  const uint64_t size = options_.block_bytes ? options_.block_bytes : s3::part_bytes(data.size());
  const PartRequests blocks = {
      .count = (data.size() + size - 1) / size,
      .at_once = options_.client.max_concurrent,
      .make = [&](size_t i) -> Result<net::Request> {
        const std::string id = block_id(i);
        return make(key, data.substr(i * size, size), {{"comp", "block"}, {"blockid", id}}, {});
      },
      .took = [](size_t, const net::Reply&) { return Status(); }};
  Result<net::Reply> sent = send_parts(client, blocks);
  if (!sent.ok() || sent->status != 201) return sent;
  const std::string list = block_list(blocks.count);
  return client.run(make(key, list, {{"comp", "blocklist"}},
                         {{"x-ms-blob-content-type", object.content_type},
                          {"If-None-Match", "*"},
                          {"Content-Type", "application/xml"}}));
}

Status AzureProtocol::outcome_of(const Result<net::Reply>& reply) {
  // It is there: each of the two is said somewhere ("Put Blob", "Specifying conditional headers").
  if (reply.ok() && (reply->status == 409 || reply->status == 412)) {
    const std::string code = s3::read_xml_answer(reply->body).code;
    if (code == "BlobAlreadyExists" || code == "ConditionNotMet") return {};
  }
  return upload_outcome(reply);
}

}  // namespace

Result<std::unique_ptr<Sink>> make_azure_objects(std::string id, AzureOptions options) {
  ObjectPlace place(options.place, options.is_plain ? "http" : "https", options.endpoint,
                    options.container);
  const net::ClientOptions client = options.client;
  return make_http_objects(std::move(id), std::move(place),
                           std::make_unique<AzureProtocol>(std::move(options)), client);
}

}  // namespace qtap::sink
