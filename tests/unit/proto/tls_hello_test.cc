// SPDX-License-Identifier: Apache-2.0
#include "proto/tls_hello.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace qtap;
using proto::TlsHelloReader;

namespace {

using Bytes = std::vector<uint8_t>;

void put(Bytes& out, size_t width, size_t value) {
  for (size_t i = width; i-- > 0;) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
}
void put_vector(Bytes& out, size_t width, const Bytes& body) {
  put(out, width, body.size());
  out.insert(out.end(), body.begin(), body.end());
}
Bytes text(std::string_view s) {
  return Bytes(s.begin(), s.end());
}

void extension(Bytes& out, size_t type, const Bytes& body) {
  put(out, 2, type);
  put_vector(out, 2, body);
}

Bytes server_name(std::string_view name) {
  Bytes entry, list;
  put(entry, 1, 0);
  put_vector(entry, 2, text(name));
  put_vector(list, 2, entry);
  return list;
}

Bytes alpn(const std::vector<std::string_view>& names) {
  Bytes list, body;
  for (auto name : names) put_vector(list, 1, text(name));
  put_vector(body, 2, list);
  return body;
}

Bytes client_hello(size_t padding = 0) {
  Bytes extensions, versions, list, body;
  extension(extensions, 0, server_name("api.example"));
  extension(extensions, 16, alpn({"h2", "http/1.1"}));
  put(list, 2, 0x0a0a);  // GREASE
  put(list, 2, 772);
  put(list, 2, 771);
  put_vector(versions, 1, list);
  extension(extensions, 43, versions);
  if (padding > 0) extension(extensions, 21, Bytes(padding));
  put(body, 2, 771);
  body.resize(body.size() + 32, 0x42);
  put_vector(body, 1, Bytes(32));
  put_vector(body, 2, {0x13, 0x01});
  put_vector(body, 1, {0});
  put_vector(body, 2, extensions);
  Bytes handshake{1};
  put_vector(handshake, 3, body);
  return handshake;
}

Bytes server_hello() {
  Bytes body, extensions;
  put(body, 2, 771);
  body.resize(body.size() + 32, 0x42);
  put_vector(body, 1, {});
  put(body, 2, 0x1302);
  put(body, 1, 0);
  Bytes version;
  put(version, 2, 772);
  extension(extensions, 43, version);
  put_vector(body, 2, extensions);
  Bytes handshake{2};
  put_vector(handshake, 3, body);
  return handshake;
}

// Cuts a handshake message into TLS records of at most `max` bytes.
Bytes records(const Bytes& handshake, size_t max = 16384) {
  Bytes out;
  for (size_t at = 0; at < handshake.size(); at += max) {
    const size_t n = std::min(max, handshake.size() - at);
    out.push_back(22);
    put(out, 2, 0x0301);
    put_vector(out, 2,
               Bytes(handshake.begin() + static_cast<ptrdiff_t>(at),
                     handshake.begin() + static_cast<ptrdiff_t>(at + n)));
  }
  return out;
}

void check_client(const TlsInfo& info) {
  CHECK(info.sni == "api.example");
  CHECK(info.alpn == TextList{"h2", "http/1.1"});
  CHECK(info.version == 772);
}

}  // namespace

TEST_SUITE("proto/tls_hello") {
  TEST_CASE("a ClientHello gives SNI, ALPN and the highest version that is no GREASE") {
    TlsHelloReader reader;
    TlsInfo info;
    CHECK(reader.add(records(client_hello()), info) == TlsHelloReader::State::kClientHello);
    check_client(info);
  }

  TEST_CASE("a hello that is cut at any byte reads the same") {
    const Bytes wire = records(client_hello());
    for (size_t cut = 1; cut < wire.size(); ++cut) {
      CAPTURE(cut);
      TlsHelloReader reader;
      TlsInfo info;
      CHECK(reader.add({wire.data(), cut}, info) == TlsHelloReader::State::kNeedMore);
      REQUIRE(reader.add({wire.data() + cut, wire.size() - cut}, info) ==
              TlsHelloReader::State::kClientHello);
      check_client(info);
    }
  }

  TEST_CASE("a hello of 20 KiB over several TLS records reads the same") {
    TlsHelloReader reader;
    TlsInfo info;
    CHECK(reader.add(records(client_hello(20000), 1000), info) ==
          TlsHelloReader::State::kClientHello);
    check_client(info);
  }

  TEST_CASE("a ServerHello gives the version and cipher that were chosen") {
    TlsHelloReader reader;
    TlsInfo info;
    CHECK(reader.add(records(server_hello()), info) == TlsHelloReader::State::kServerHello);
    CHECK(info.version == 772);
    CHECK(info.cipher == 0x1302);
  }

  TEST_CASE("a ServerHello of TLS 1.2 tells the protocol that was chosen, cut anywhere") {
    Bytes body, extensions;
    put(body, 2, 771);
    body.resize(body.size() + 32, 0x42);
    put_vector(body, 1, Bytes(32));
    put(body, 2, 0xc02f);
    put(body, 1, 0);
    extension(extensions, 0xff01, {0});
    extension(extensions, 16, alpn({"h2"}));
    put_vector(body, 2, extensions);
    Bytes handshake{2};
    put_vector(handshake, 3, body);
    const Bytes wire = records(handshake, 40);  // over several TLS records
    for (size_t cut = 1; cut < wire.size(); ++cut) {
      CAPTURE(cut);
      TlsHelloReader reader;
      TlsInfo info;
      info.alpn = TextList{"h2", "http/1.1"};
      reader.add({wire.data(), cut}, info);
      REQUIRE(reader.add({wire.data() + cut, wire.size() - cut}, info) ==
              TlsHelloReader::State::kServerHello);
      CHECK(info.version == 771);
      CHECK(info.cipher == 0xc02f);
      CHECK(info.alpn_selected == "h2");
      CHECK(info.alpn == TextList{"h2", "http/1.1"});
    }
  }

  TEST_CASE("every byte changed, every length: no crash and no read past the end") {
    const Bytes wire = records(client_hello());
    for (size_t i = 0; i < wire.size(); ++i) {
      for (const uint8_t value : {uint8_t{0}, uint8_t{0xff}, static_cast<uint8_t>(wire[i] ^ 1)}) {
        Bytes changed = wire;
        changed[i] = value;
        TlsHelloReader reader;
        TlsInfo info;
        reader.add(changed, info);
        CHECK(info.alpn.size() <= 16);
      }
    }
  }

  TEST_CASE("what is not a handshake is said to be none") {
    TlsHelloReader reader;
    TlsInfo info;
    CHECK(reader.add(text("GET / HTTP/1.1\r\n"), info) == TlsHelloReader::State::kNotTls);
  }

  TEST_CASE("a hello beyond the limit is given up") {
    TlsHelloReader reader;
    TlsInfo info;
    Bytes endless{1, 0xff, 0xff, 0xff};
    endless.resize(TlsHelloReader::kMaxHello + 100);
    CHECK(reader.add(records(endless), info) == TlsHelloReader::State::kNotTls);
  }
}
