// SPDX-License-Identifier: Apache-2.0
// Surroundings made for a test: every variable, file and answer is written down, every request
// kept.
#pragma once

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "s3/surroundings.h"

namespace qtap::s3::test {

struct World {
  std::map<std::string, std::string> variables = {{"HOME", "/home/u"}};
  std::map<std::string, std::string> files;
  int64_t now_s = 1'772'359'200;              // 2026-03-01T10:00:00Z
  std::deque<Result<FetchResponse>> answers;  // none left: a time-out
  std::vector<FetchRequest> asked;
  std::vector<std::vector<std::string>> programs;
  Result<Secret> output = Error(QTAP_ERR_IO, "run x: ended with 1; run it by hand to see why");
  int waits = 0;

  void answer(int status, std::string body) {
    answers.push_back(FetchResponse{status, {}, std::move(body)});
  }

  Surroundings surroundings() {
    Surroundings in;
    in.variable = [this](const char* name) -> std::optional<std::string> {
      const auto found = variables.find(name);
      if (found == variables.end()) return std::nullopt;
      return found->second;
    };
    in.read_file = [this](const std::string& path) -> Result<std::string> {
      const auto found = files.find(path);
      if (found == files.end()) return Error(QTAP_ERR_NOTFOUND, "read " + path + ": not there");
      return found->second;
    };
    in.now_s = [this] { return now_s; };
    in.random = [](uint32_t below) { return below - 1; };
    in.wait = [this](int64_t) { ++waits; };
    in.run = [this](std::span<const std::string> argv, int64_t) {
      programs.emplace_back(argv.begin(), argv.end());
      return output;
    };
    in.fetch = [this](const FetchRequest& request) -> Result<FetchResponse> {
      asked.push_back(request);
      if (answers.empty()) return Error(QTAP_ERR_TIMEOUT, "timed out");
      auto next = std::move(answers.front());
      answers.pop_front();
      return next;
    };
    return in;
  }

  std::string header(size_t request, std::string_view name) const {
    for (const Header& header : asked.at(request).headers) {
      if (header.name == name) return header.value;
    }
    return "";
  }
};

// What STS, a container, and an instance answer.
inline std::string sts_xml(const std::string& action) {
  return "<" + action + "Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><" + action +
         "Result><AssumedRoleUser><Arn>arn:aws:sts::1:assumed-role/r/s</Arn></AssumedRoleUser>"
         "<Credentials><AccessKeyId>ASIASTS</AccessKeyId><SecretAccessKey>sts&amp;secret"
         "</SecretAccessKey><SessionToken>sts-token</SessionToken><Expiration>2026-03-01T11:00:00Z"
         "</Expiration></Credentials></" +
         action + "Result></" + action + "Response>";
}
inline std::string sts_error(const std::string& code) {
  return "<ErrorResponse><Error><Type>Sender</Type><Code>" + code +
         "</Code><Message>why not</Message></Error><RequestId>1</RequestId></ErrorResponse>";
}
constexpr const char* kContainerJson =
    R"({"RoleArn":"arn:r","AccessKeyId":"ASIAECS","SecretAccessKey":"ecs-secret","Token":"ecs-token","Expiration":"2026-03-01T16:00:00Z"})";
constexpr const char* kInstanceJson =
    R"({"Code":"Success","LastUpdated":"2026-03-01T09:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAEC2","SecretAccessKey":"ec2-secret","Token":"ec2-token","Expiration":"2026-03-01T16:00:00Z"})";

}  // namespace qtap::s3::test
