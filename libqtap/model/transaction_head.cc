// SPDX-License-Identifier: Apache-2.0
#include "model/transaction_head.h"

#include <string>
#include <utility>

namespace qtap {
namespace {

// A body may be large, and the copy has none.
template <typename Message>
void copy_head(Message& from, Message& to) {
  std::string body = std::move(from.body);
  from.body.clear();
  to = from;
  from.body = std::move(body);
}

}  // namespace

const Transaction& transaction_head(const Ref<Connection>& conn, Transaction& tx) {
  if (tx.connection) return tx;
  if (tx.head && tx.head->response.status == tx.response.status) return *tx.head;
  auto head = Ref<Transaction>::make();
  head->id = tx.id;
  head->connection = conn;
  head->framing = tx.framing;
  head->stream = tx.stream;
  const bool is_grpc = tx.protocol == L7Protocol::kGrpc;
  head->protocol = is_grpc ? tx.protocol : l7_protocol(tx.framing);
  head->level = conn->capture_level;
  copy_head(tx.request, head->request);
  copy_head(tx.response, head->response);
  if (tx.messages) {
    head->messages = Ref<Messages>::make();
    head->messages->protocol = tx.messages->protocol;
    head->messages->grpc = tx.messages->grpc;
  }
  resolve_url(*head);
  tx.head = std::move(head);
  return *tx.head;
}

}  // namespace qtap
