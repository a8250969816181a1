// SPDX-License-Identifier: Apache-2.0
// How connections begin, one of each protocol: the first bytes of both ends, as a server of that
// kind and its usual client exchange them.
#pragma once

#include <string>
#include <vector>

#include "model/connection.h"

namespace qtap::test {

struct Opening {
  const char* name;
  L7Protocol protocol;
  std::string client;
  std::string server;
};

inline std::string hex(std::string_view text) {
  std::string out;
  std::string digits;
  for (const char c : text) {
    if (c == ' ' || c == '\n') continue;
    digits += c;
    if (digits.size() < 2) continue;
    out += static_cast<char>(std::stoi(digits, nullptr, 16));
    digits.clear();
  }
  return out;
}

inline std::vector<Opening> openings() {
  using L = L7Protocol;
  std::vector<Opening> all;
  all.push_back({"redis PING", L::kRedis, "*1\r\n$4\r\nPING\r\n", "+PONG\r\n"});
  all.push_back({"redis HELLO 3", L::kRedis,
                 "*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
                 "%7\r\n$6\r\nserver\r\n$5\r\nredis\r\n"});
  all.push_back({"redis GET", L::kRedis, "*2\r\n$3\r\nget\r\n$3\r\nkey\r\n", "$-1\r\n"});
  all.push_back(
      {"redis error", L::kRedis, "*1\r\n$4\r\ninfo\r\n", "-NOAUTH Authentication required.\r\n"});
  // psql: StartupMessage, then AuthenticationSASL.
  all.push_back({"postgresql", L::kPostgresql,
                 hex("0000001f 00030000") + std::string("user\0me\0database\0mydb\0\0", 23),
                 hex("52 00000017 0000000a") + std::string("SCRAM-SHA-256\0\0", 15)});
  all.push_back({"postgresql trust", L::kPostgresql,
                 hex("00000011 00030000") + std::string("user\0me\0\0", 9),
                 hex("52 00000008 00000000")});
  all.push_back({"postgresql SSLRequest", L::kPostgresql, hex("00000008 04d2162f"), "S"});
  all.push_back({"postgresql refuses", L::kPostgresql,
                 hex("00000011 00030000") + std::string("user\0me\0\0", 9),
                 hex("45 00000042") + std::string("SFATAL\0VFATAL\0C28000\0Mno role\0\0", 31)});
  all.push_back({"mysql 8", L::kMysql,
                 hex("50 00 00 01 8d a6 ff 19 00 00 00 01 ff") + std::string(23, '\0') +
                     std::string("root\0\0", 6) + std::string(42, 'x'),
                 hex("4a 00 00 00 0a") + std::string("8.0.36\0", 7) +
                     hex("0d000000 5d4e1d4f7a1b7a25 00 ffff ff 0200 ffdf 15 00000000000000000000"
                         "1f3a6c2b18402e5f4b3d6a11 00") +
                     std::string("caching_sha2_password\0", 22)});
  all.push_back({"mariadb", L::kMysql, "",
                 hex("59 00 00 00 0a") + std::string("5.5.5-10.11.6-MariaDB\0", 22) +
                     hex("1f000000 3c5d6b2f4a415b5f 00 fef7 2d 0200 ff81 15 000000000000 1d000000"
                         "4f6d2b7c4a3b5e2b5d487c5a 00") +
                     std::string("mysql_native_password\0", 22)});
  // ApiVersions v3 of a Java client; Metadata v1 of an older one.
  all.push_back({"kafka ApiVersions", L::kKafka,
                 hex("0000002e 0012 0003 00000000 000a") + "producer-1" + hex("00 12") +
                     "apache-kafka-java" + hex("06") + "3.6.1" + hex("00"),
                 hex("000001e6 00000000 0000 3e 0000 0000 000a 00")});
  all.push_back({"kafka Metadata", L::kKafka,
                 hex("00000015 0003 0001 00000005 0007") + "rdkafka" + hex("ffffffff"),
                 hex("00000055 00000005 00000001 00000001 0009") + "localhost"});
  // hello of a driver: OP_QUERY on admin.$cmd, and what pymongo sends later, OP_MSG.
  all.push_back({"mongodb hello", L::kMongodb,
                 hex("37000000 01000000 00000000 d4070000 00000000") +
                     std::string("admin.$cmd\0", 11) + hex("00000000 ffffffff 10000000 10") +
                     std::string("hello\0", 6) + hex("01000000 00"),
                 hex("50010000 07000000 01000000 01000000 08000000 0000000000000000")});
  all.push_back({"mongodb OP_MSG", L::kMongodb,
                 hex("2f000000 2b000000 00000000 dd070000 00000000 00 1a000000 10") +
                     std::string("ping\0", 5) + hex("01000000 02") + std::string("$db\0", 4) +
                     hex("02000000 6100 00"),
                 hex("26000000 09010000 2b000000 dd070000 00000000 00 11000000 01") +
                     std::string("ok\0", 3) + hex("000000000000f03f 00")});
  all.push_back({"amqp 0-9-1", L::kAmqp, std::string("AMQP\0\0\x09\x01", 8),
                 hex("01 0000 000001f4 000a 000a 00 09 000001cf 0c") + "capabilities"});
  all.push_back({"amqp 1.0", L::kAmqp, std::string("AMQP\x03\x01\0\0", 8),
                 std::string("AMQP\x03\x01\0\0", 8)});
  all.push_back(
      {"nats", L::kNats,
       "CONNECT {\"verbose\":false,\"pedantic\":false,\"lang\":\"go\"}\r\nPING\r\n",
       "INFO {\"server_id\":\"NDA2\",\"server_name\":\"n\",\"version\":\"2.10.7\",\"proto\":1,"
       "\"host\":\"0.0.0.0\",\"port\":4222,\"headers\":true,\"max_payload\":1048576} \r\n"});
  all.push_back(
      {"ssh", L::kSsh, "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "SSH-2.0-OpenSSH_9.6\r\n"});
  all.push_back({"ssh 1.99", L::kSsh, "SSH-2.0-libssh2_1.10.0\r\n", "SSH-1.99-Cisco-1.25\r\n"});
  // dig +tcp example.com
  all.push_back({"dns over tcp", L::kDns,
                 hex("001d 1a2b 0100 0001 0000 0000 0000 07") + "example" + hex("03") + "com" +
                     hex("00 0001 0001"),
                 hex("002d 1a2b 8180 0001 0001 0000 0000 07") + "example" + hex("03") + "com" +
                     hex("00 0001 0001 c00c 0001 0001 00000e10 0004 5db8d822")});
  return all;
}

// Of connections that are none of these, what the first bytes are.
inline std::vector<Opening> others() {
  using L = L7Protocol;
  std::vector<Opening> all;
  all.push_back({"smtp", L::kOther, "EHLO me\r\n", "220 mail.example ESMTP Postfix\r\n"});
  all.push_back({"ftp", L::kOther, "USER me\r\n", "220 (vsFTPd 3.0.3)\r\n"});
  all.push_back({"imap", L::kOther, "a1 LOGIN me x\r\n", "* OK IMAP4rev1\r\n"});
  all.push_back({"memcached", L::kOther, "get key\r\n", "END\r\n"});
  all.push_back({"memcached set", L::kOther, "set k 0 0 1\r\nv\r\n", "STORED\r\n"});
  all.push_back({"zookeeper", L::kOther,
                 hex("0000002d 00000000 0000000000000000 00007530 0000000000000000 00000010"),
                 hex("00000025 00000000 00007530 0100000000000001 00000010")});
  all.push_back({"tds", L::kOther, hex("12 01 002f 0000 0100 0000 1a00 0601 0020 0001 0200 2100"),
                 hex("04 01 0030 0000 0100 0000 1f00 0601 0025 0001 0200 2600")});
  all.push_back(
      {"mqtt", L::kOther, hex("10 10 0004 4d515454 04 02 003c 0004 74657374"), hex("20 02 00 00")});
  all.push_back({"cassandra", L::kOther, hex("04 00 0000 05 00000000"),
                 hex("84 00 0000 06 0000003b 0003 000b 434f4d5052455353494f4e")});
  all.push_back({"tls", L::kOther, hex("16 03 01 0200 01 0001fc 0303 00112233445566778899aabb"),
                 hex("16 03 03 007a 02 000076 0303 00112233445566778899aabb")});
  all.push_back({"socks5", L::kOther, hex("05 01 00"), hex("05 00")});
  all.push_back({"ldap", L::kOther, hex("30 0c 02 01 01 60 07 02 01 03 04 00 80 00"),
                 hex("30 0c 02 01 01 61 07 0a 01 00 04 00 04 00")});
  all.push_back({"zeros", L::kOther, std::string(64, '\0'), std::string(64, '\0')});
  all.push_back({"bittorrent", L::kOther, hex("13") + "BitTorrent protocol" + std::string(8, '\0'),
                 hex("13") + "BitTorrent protocol" + std::string(8, '\0')});
  return all;
}

}  // namespace qtap::test
