// SPDX-License-Identifier: Apache-2.0
#include "model/stream_message.h"

#include <doctest/doctest.h>

#include <string>

#include "base/json_writer.h"
#include "model/event_json.h"
#include "model/message_json.h"
#include "support/make.h"

using namespace qtap;

namespace {

StreamMessage message(MessageKind part, uint64_t wire_length, int64_t last_ms) {
  StreamMessage told;
  told.part = part;
  told.wire_length = wire_length;
  told.last_ns = last_ms * 1'000'000;
  return told;
}

std::string event_of(const Transaction& tx) {
  return make_request_event(tx, {}, {})->json;
}

bool holds(const std::string& json, std::string_view what) {
  return json.find(what) != std::string::npos;
}

Ref<Transaction> transaction_of(StreamProtocol protocol) {
  Ref<Transaction> tx = test::make_transaction();
  tx->messages = Ref<Messages>::make();
  tx->messages->protocol = protocol;
  return tx;
}

}  // namespace

TEST_SUITE("model/stream_message") {
  TEST_CASE("each direction has its count, its bytes and its times") {
    Messages messages;
    count_message(messages, message(MessageKind::kResponse, 10, 100));
    count_message(messages, message(MessageKind::kRequest, 1, 110));
    count_message(messages, message(MessageKind::kResponse, 20, 130));
    count_message(messages, message(MessageKind::kResponse, 30, 140));
    const MessageFlow& flow = messages.flow(MessageKind::kResponse);
    CHECK(flow.count() == 3);
    CHECK(flow.total_bytes() == 60);
    CHECK(flow.max_gap_us() == 30'000);
    CHECK(flow.mean_gap_us() == 20'000);
    CHECK_FALSE(messages.flow(MessageKind::kRequest).max_gap_us());
    CHECK(messages.list.size() == 4);
    CHECK(messages.list[1].part == MessageKind::kRequest);
  }

  TEST_CASE("control frames are listed and not counted; the first close code stays") {
    Messages messages;
    StreamMessage close = message(MessageKind::kRequest, 2, 1);
    close.opcode = 8;
    close.close_code = 1001;
    count_message(messages, close);
    close.close_code = 1000;
    count_message(messages, close);
    CHECK(messages.flow(MessageKind::kRequest).messages == 0);
    CHECK(messages.flow(MessageKind::kRequest).close_code == 1001);
    CHECK(messages.list.size() == 2);
  }

  TEST_CASE("the list has an end, which is told once") {
    Messages messages;
    size_t told = 0;
    for (size_t i = 0; i < Messages::kMaxListed + 5; ++i) {
      if (!count_message(messages, message(MessageKind::kRequest, 1, 1))) ++told;
    }
    CHECK(told == 1);
    CHECK(messages.list.size() == Messages::kMaxListed);
    CHECK(messages.left_out == 5);
    CHECK(messages.flow(MessageKind::kRequest).messages == Messages::kMaxListed + 5);
  }

  TEST_CASE("counts that may be too low are null in events") {
    const Ref<Transaction> tx = transaction_of(StreamProtocol::kGrpc);
    tx->messages->grpc.service = "a.B";
    count_message(*tx->messages, message(MessageKind::kRequest, 7, 1));
    tx->messages->flow(MessageKind::kResponse).is_lost = true;
    const std::string json = event_of(*tx);
    CHECK(holds(json, R"("grpcService":"a.B","grpcMethod":null,"grpcStatus":null,)"
                      R"("grpcRequestMessages":1,"grpcResponseMessages":null,)"
                      R"("grpcRequestBytes":7,"grpcResponseBytes":null)"));
  }

  TEST_CASE("the text of a gRPC status is in no event") {
    const Ref<Transaction> tx = transaction_of(StreamProtocol::kGrpc);
    tx->messages->grpc.status = 16;
    tx->messages->grpc.message = "user ann is not known";
    CHECK(holds(event_of(*tx), R"("grpcStatus":"16","grpcStatusName":"UNAUTHENTICATED")"));
    CHECK_FALSE(holds(event_of(*tx), "ann is"));
  }

  TEST_CASE("a transaction without messages says nothing of them") {
    const std::string json = event_of(*test::make_transaction());
    for (const char* word : {"grpc", "sse", "websocket"}) CHECK_FALSE(holds(json, word));
  }

  TEST_CASE("what WebSockets of a connection said is null when some of it may be missing") {
    WebSocketTotals totals;
    const auto json_of = [&] {
      std::string json;
      JsonWriter writer(json);
      writer.begin_object();
      write_websocket_totals(writer, totals);
      writer.end_object();
      return json;
    };
    CHECK(json_of() == "{}");
    totals.is_used = true;
    totals.messages = {1, 2};
    totals.bytes = {10, 20};
    totals.close_code = 1000;
    CHECK(json_of() == R"({"websocket":{"messagesSent":1,"messagesReceived":2,"bytesSent":10,)"
                       R"("bytesReceived":20,"closeCode":1000}})");
    totals.is_lost = true;
    CHECK(json_of() == R"({"websocket":{"messagesSent":null,"messagesReceived":null,)"
                       R"("bytesSent":null,"bytesReceived":null,"closeCode":1000}})");
  }
}
