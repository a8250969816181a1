// SPDX-License-Identifier: Apache-2.0
#include "s3.h"

#include <getopt.h>
#include <qtap/qtap.hpp>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "report.h"

namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr int kUsage = 2;

constexpr std::string_view kHelp =
    "Usage: qtap-mini s3 sign [FLAG]... URL\n"
    "       qtap-mini s3 presign [FLAG]... URL\n"
    "Signs a request (AWS Signature Version 4) with AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and\n"
    "AWS_SESSION_TOKEN of the environment. Sends nothing; needs no root.\n"
    "\n"
    "sign prints the headers to set, \"name: value\", one a line: curl takes them with -H @FILE.\n"
    "presign prints a link that anybody may use until it expires.\n"
    "\n"
    "  --method METHOD         GET unless there is a body; then PUT\n"
    "  --region REGION         else AWS_REGION, AWS_DEFAULT_REGION, us-east-1\n"
    "  --service SERVICE       s3; for others the path is normalised and encoded once more\n"
    "  --header \"NAME: VALUE\"  to be sent and signed\n"
    "  --body FILE             of the request; - is standard input\n"
    "  --unsigned              do not sign the body; over TLS only\n"
    "  --expires SECONDS       of a link, 1 to 604800 (3600)\n"
    "  --time SECONDS          since 1970, instead of now\n"
    "  --show                  also print the canonical request, the string to sign and the\n"
    "                          signature, to stderr; they hold the session token\n"
    "\n"
    "Exit codes: 0 done; 1 it cannot be signed; 2 a mistake in the command line.\n";

enum Flag { kMethod = 256, kRegion, kService, kHeader, kBody, kUnsigned, kExpires, kTime, kShow };

constexpr std::array kFlags = {
    option{"method", required_argument, nullptr, kMethod},
    option{"region", required_argument, nullptr, kRegion},
    option{"service", required_argument, nullptr, kService},
    option{"header", required_argument, nullptr, kHeader},
    option{"body", required_argument, nullptr, kBody},
    option{"unsigned", no_argument, nullptr, kUnsigned},
    option{"expires", required_argument, nullptr, kExpires},
    option{"time", required_argument, nullptr, kTime},
    option{"show", no_argument, nullptr, kShow},
    option{"help", no_argument, nullptr, 'h'},
    option{nullptr, 0, nullptr, 0},
};

struct Question {
  std::string method;
  std::string region;
  std::string service = "s3";
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body_file;
  bool is_unsigned = false;
  uint32_t expires_s = 3600;
  int64_t time_s = 0;
  bool show = false;
  std::string base;  // "https://host"
  std::string target;
};

int wrong(const std::string& what) {
  say_error((what + "; see qtap-mini s3 --help").c_str());
  return kUsage;
}

std::string environment(std::initializer_list<const char*> names, const char* otherwise) {
  for (const char* name : names) {
    const char* value = getenv(name);
    if (value != nullptr && *value != '\0') return value;
  }
  return otherwise;
}

template <typename Number>
bool read_number(std::string_view text, Number& ret) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), ret);
  return error == std::errc() && end == text.data() + text.size();
}

// "https://host/path?query": what is before the path, and the target.
bool split_url(std::string_view url, Question& ret) {
  const size_t host = url.find("://");
  if (host == std::string_view::npos) return false;
  const std::string_view scheme = url.substr(0, host);
  const size_t path = std::min(url.find_first_of("/?", host + 3), url.size());
  if ((scheme != "http" && scheme != "https") || path == host + 3) return false;
  ret.base = url.substr(0, path);
  ret.target = url.substr(path);
  if (!ret.target.starts_with('/')) ret.target.insert(0, "/");
  ret.headers.insert(ret.headers.begin(),
                     {"host", std::string(url.substr(host + 3, path - host - 3))});
  return true;
}

bool add_header(std::string_view text, Question& ret) {
  const size_t colon = text.find(':');
  if (colon == 0 || colon == std::string_view::npos) return false;
  const size_t value = std::min(text.find_first_not_of(' ', colon + 1), text.size());
  ret.headers.emplace_back(text.substr(0, colon), text.substr(value));
  return true;
}

// The mistake in a flag, or nothing.
std::string take(int flag, const char* value, Question& ret) {
  switch (flag) {
    case kMethod:
      ret.method = value;
      break;
    case kRegion:
      ret.region = value;
      break;
    case kService:
      ret.service = value;
      break;
    case kBody:
      ret.body_file = value;
      break;
    case kUnsigned:
      ret.is_unsigned = true;
      break;
    case kShow:
      ret.show = true;
      break;
    case kHeader:
      if (!add_header(value, ret)) return "--header wants \"NAME: VALUE\"";
      break;
    case kExpires:
      if (!read_number(value, ret.expires_s)) return "--expires wants seconds";
      break;
    case kTime:
      if (!read_number(value, ret.time_s)) return "--time wants seconds since 1970";
      break;
    default:
      break;
  }
  return "";
}

std::optional<std::string> read_body(const std::string& path) {
  std::string body;
  if (path.empty()) return body;
  FILE* file = path == "-" ? stdin : fopen(path.c_str(), "re");
  if (file == nullptr) return std::nullopt;
  std::array<char, 65536> block;
  for (size_t len; (len = fread(block.data(), 1, block.size(), file)) > 0;) {
    body.append(block.data(), len);
  }
  const bool failed = ferror(file) != 0;
  if (file != stdin) fclose(file);
  if (failed) return std::nullopt;
  return body;
}

void show(const qtap::S3Signed& made) {
  for (const auto& [title, text] : {std::pair{"canonical request", made.canonical_request()},
                                    std::pair{"string to sign", made.string_to_sign()},
                                    std::pair{"signature", made.signature()}}) {
    fprintf(stderr, "%s:\n%.*s\n\n", title, static_cast<int>(text.size()), text.data());
  }
}

bool print(const qtap::S3Signed& made, const Question& question, bool is_link) {
  if (is_link) {
    return printf("%s%.*s\n", question.base.c_str(), static_cast<int>(made.target().size()),
                  made.target().data()) >= 0;
  }
  bool is_printed = true;
  made.for_each_header([&](std::string_view name, std::string_view value) {
    is_printed = is_printed && printf("%.*s: %.*s\n", static_cast<int>(name.size()), name.data(),
                                      static_cast<int>(value.size()), value.data()) >= 0;
  });
  return is_printed;
}

qtap::Status make_signer(const Question& question, qtap::S3Signer& ret) {
  const std::string key = environment({"AWS_ACCESS_KEY_ID"}, "");
  const std::string secret = environment({"AWS_SECRET_ACCESS_KEY"}, "");
  const std::string token = environment({"AWS_SESSION_TOKEN"}, "");
  qtap_s3_options options = {};
  options.access_key_id = qtap::str(key);
  options.secret_access_key = qtap::str(secret);
  options.session_token = qtap::str(token);
  options.region = qtap::str(question.region);
  options.service = qtap::str(question.service);
  options.rules = question.service == "s3" ? QTAP_S3_RULES_S3 : QTAP_S3_RULES_GENERIC;
  return qtap::S3Signer::make(options, ret);
}

int answer(const Question& question, bool is_link) {
  const std::optional<std::string> body = read_body(question.body_file);
  if (!body) {
    say_error(("read " + question.body_file + ": " + strerror(errno)).c_str());
    return kFailed;
  }
  std::vector<qtap_s3_header> headers;
  for (const auto& [name, value] : question.headers) {
    headers.push_back({qtap::str(name), qtap::str(value)});
  }
  qtap_s3_request request = {};
  request.method = qtap::str(question.method);
  request.target = qtap::str(question.target);
  request.headers = headers.data();
  request.header_count = headers.size();
  request.payload = question.is_unsigned ? QTAP_S3_UNSIGNED : QTAP_S3_SIGNED;
  request.time_s = question.time_s;
  request.body = qtap::str(*body);

  qtap::S3Signer signer;
  qtap::S3Signed made;
  qtap::Status status = make_signer(question, signer);
  if (status) {
    status =
        is_link ? signer.presign(request, question.expires_s, made) : signer.sign(request, made);
  }
  if (!status) {
    say_error(status.message.c_str());
    return kFailed;
  }
  if (question.show) show(made);
  return print(made, question, is_link) ? kDone : kFailed;
}

}  // namespace

int s3(int argc, char** argv) {
  Question question;
  question.time_s = time(nullptr);
  question.region = environment({"AWS_REGION", "AWS_DEFAULT_REGION"}, "us-east-1");
  opterr = 0;
  for (int flag = 0; (flag = getopt_long(argc, argv, ":h", kFlags.data(), nullptr)) != -1;) {
    if (flag == 'h') return fputs(kHelp.data(), stdout) < 0 ? kFailed : kDone;
    if (flag == ':') return wrong(std::string(argv[optind - 1]) + " needs a value");
    if (flag == '?') return wrong(std::string("unknown flag ") + argv[optind - 1]);
    if (const std::string mistake = take(flag, optarg, question); !mistake.empty()) {
      return wrong(mistake);
    }
  }
  const std::vector<std::string_view> words(argv + optind, argv + argc);
  if (words.size() != 2 || (words[0] != "sign" && words[0] != "presign")) {
    return wrong("s3 wants \"sign URL\" or \"presign URL\"");
  }
  if (!split_url(words[1], question))
    return wrong("s3: the URL wants http:// or https://, and a host");
  if (question.method.empty()) question.method = question.body_file.empty() ? "GET" : "PUT";
  return answer(question, words[0] == "presign");
}
