// SPDX-License-Identifier: Apache-2.0
// One connection while it is open: its facts, its streams, its parser.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timed_bytes.h"
#include "conn/stream.h"
#include "http/late_start.h"
#include "model/connection.h"
#include "model/transaction.h"
#include "proto/message_reader.h"
#include "proto/parser.h"
#include "proto/tls_hello.h"

namespace qtap::conn {

// What somebody may need of the transactions of a connection.
enum class Need : uint8_t { kNothing, kHeads, kBodies };

// What a connection tells its owner.
class ConnEvents {
 public:
  enum class Phase : uint8_t { kOpen, kUpdate, kClose };

  virtual ~ConnEvents() = default;
  // False: nothing more of this connection is wanted.
  virtual bool on_connection(const Ref<Connection>& conn, Phase phase) = 0;
  virtual void on_data(const Ref<Connection>& conn, Direction direction, int64_t time_ns,
                       uint64_t offset, uint64_t lost_before, std::span<const uint8_t> bytes) = 0;
  virtual void on_transaction(Ref<Transaction> tx) = 0;
  // Asked again when Connection::facts have changed.
  virtual Need need_of(const Connection& /*conn*/) { return Need::kBodies; }
  // Nothing more is known of this connection, whether it was wanted or not.
  virtual void on_gone(const Connection& /*conn*/) noexcept {}
  // A body on its way (ParserLimits::tells_bodies). `wanted`: of this connection, as far as is
  // known now; without that nothing of it may be handed out.
  virtual void on_body(const Ref<Connection>& /*conn*/, Transaction& /*tx*/,
                       const BodyPiece& /*piece*/, bool /*wanted*/) {}
  virtual void on_body_end(const Ref<Connection>& /*conn*/, Transaction& /*tx*/,
                           const BodyEnd& /*end*/, bool /*wanted*/) {}
  // With MessageLimits::tells_messages: of a connection that is wanted. `tx` may be in transfer, or
  // handed out already.
  virtual void on_message(const Ref<Connection>& /*conn*/, Transaction& /*tx*/,
                          const StreamMessage& /*message*/) {}
  // Of this stream, bytes before offset `until` need not come (ConnOptions::may_skip, or the level
  // of the process).
  virtual void on_unwanted(uint64_t stream_id, Direction direction, uint64_t until,
                           SkipCause cause) = 0;
  // The periodic or final report of spec/events-and-objects.md 2.1.
  virtual void on_report(const Ref<Connection>& conn, bool finalized) = 0;
  // The local process was told by DNS which addresses a name has.
  virtual void on_dns_answer(const Connection& /*conn*/, const proto::DnsMessage& /*answer*/) {}
  // By which name its process knows the remote address; "" = by none.
  virtual std::string_view name_of_remote(const Connection& /*conn*/) { return {}; }
};

// Counters of all connections of a shard; the ledger is bytes_seen = bytes_delivered + bytes_lost,
// and bytes_lost is the sum of lost_by_cause.
struct ConnCounters {
  uint64_t bytes_seen = 0;
  uint64_t bytes_delivered = 0;
  uint64_t bytes_lost = 0;
  BytesByCause lost_by_cause = {};
  uint64_t bytes_filtered = 0;       // socket bytes that were counted without being read
  uint64_t tls_bytes_total = 0;      // payload of the sockets that carry TLS
  uint64_t tls_bytes_decrypted = 0;  // of these: of connections whose plain text was read
  uint64_t gaps = 0;
  uint64_t transactions = 0;
  uint64_t transactions_truncated = 0;
  uint64_t parse_errors = 0;
  uint64_t limit_hits = 0;
  uint64_t connections_total = 0;
  uint64_t untracked = 0;
};

struct ConnOptions {
  proto::ParserLimits parser;  // tells_bodies: some store takes bodies as they pass
  proto::MessageLimits messages;
  size_t max_connections = 65536;                     // limits.connections
  int64_t transaction_idle_ns = 300'000'000'000;      // limits.transaction_idle
  int64_t first_report_ns = 500'000'000;              // events.connection_first
  int64_t report_interval_ns = 10'000'000'000;        // events.connection_interval
  FlowDirection direction = FlowDirection::kUnknown;  // tap.direction; kUnknown = all
  bool ignore_loopback = false;                       // tap.ignore_loopback
  bool may_skip = false;   // what nobody needs (ConnEvents::need_of) may be left out
  bool tls_probes = true;  // capture.tls_probes is not "none"
};

class Tracked {
 public:
  Tracked(Ref<Connection> conn, const ConnOptions& options, ConnCounters& counters,
          ConnEvents& events);
  ~Tracked();
  Tracked(const Tracked&) = delete;
  Tracked& operator=(const Tracked&) = delete;

  const Connection& conn() const { return *conn_; }

  // Facts as they are learnt; each may announce the connection to the owner, once.
  void learn_socket(const Record& open, int64_t boot_to_unix_ns);
  void learn_process(const Process& process);
  void learn_tls();        // its socket carries TLS records
  void learn_tls_probe();  // and a probed library makes them
  void learn_tls_library(const Record& process_info);
  void learn_late();  // it is older than the probes
  // What the socket carried so far, and how much of it was left out on purpose.
  void learn_totals(const Record& totals);
  // How much of its process is captured from now on.
  void set_level(CaptureLevel level);

  // Bytes as they cross the socket: plain text, or the hellos of TLS.
  void socket_data(const Record& record, int64_t time_ns);
  // Plain text of a TLS object.
  void tls_data(const Record& record, int64_t time_ns);
  // The socket, the TLS object carried this much in all, so far or for ever: what of its plain text
  // never came is a gap.
  void finish_socket(int64_t time_ns);  // the totals as learnt last
  void learn_tls_totals(uint64_t stream_id, const Record& totals, int64_t time_ns);
  void finish_tls(uint64_t stream_id, const Record& totals, int64_t time_ns);

  // Gives up transactions that wait for too long; reports when it is due.
  void on_time(int64_t now_ns);
  // Nothing more will be told about it. `ended_ns`: when it ended, 0 = it may still be there.
  // `reason` marks what is unfinished.
  void close(int64_t now_ns, int64_t ended_ns, http::Truncation reason);

  // A TLS object whose socket was not known before runs over this one. The owner was told of both:
  // its TLS side goes on here.
  void adopt(Tracked& orphan, int64_t now_ns);
  // The other way round: what is known of the socket is said of this connection. Whichever of the
  // two ends keeps the bytes that it was reported with, and the one that goes on is reported with
  // those that come later: the last reports of both add up, and no report takes anything back.
  void take_socket(Tracked& socket, int64_t now_ns);
  void learn_bind_method(BindMethod method);
  bool announced() const { return announced_; }

  std::vector<uint64_t> tls_ids;  // stream ids of its live TLS objects
  int64_t socket_closed_ns = 0;  // the socket (of an orphan: its process) is gone; a TLS object may
                                 // still hand out bytes

 private:
  class ParserHome;
  class ParserGuard;
  using StreamPair = std::array<Stream, 2>;  // by direction
  // Totals by direction of what the kernel side left out.
  struct LeftOut {
    std::array<uint64_t, 2> filtered = {};
    std::array<uint64_t, 2> over_budget = {};
  };

  void deliver(Stream& stream, const Record& record, int64_t time_ns);
  void finish(StreamPair& streams, const LeftOut& left_out, const std::array<uint64_t, 2>& totals,
              int64_t time_ns, bool is_parsed);
  void ask_to_skip(const Record& record, const Stream& stream);
  uint64_t unwanted(Direction direction) const;
  bool may_leave_out() const { return options_.may_skip && need_ != Need::kBodies; }
  void ask_for_need();
  void leave_if_unneeded(int64_t time_ns);
  void count_gap(Direction direction, int64_t time_ns, uint64_t offset, uint64_t len,
                 LossCause cause);
  void abandon_parser() noexcept;
  void start_talk(uint64_t stream_id, int64_t time_ns);
  void parse(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes);
  void begin_parsing(const proto::Detected& found, std::array<TimedBytes, 2> first);
  void parse_datagram(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes);
  void skipped(Direction direction, int64_t time_ns, uint64_t len);
  void gap(Direction direction, int64_t time_ns, uint64_t offset, uint64_t len, LossCause cause);
  void read_hello(const Record& record);
  // For a change of what rules may read (Connection::facts).
  Connection& writable_facts();
  void set_role(Role role);
  void learn_endpoint(std::string_view name);
  void ask_for_name();
  void learn_handshake(uint32_t took_us);
  void learn_wire_bytes(const std::array<uint64_t, 2>& totals);
  void update_tls_state();
  void report(int64_t now_ns);
  void count_tls_bytes();
  void take_tls_bytes(Tracked& other);
  void leave_wire_bytes_to(const Tracked& ended);
  void announce();
  bool wanted() const;
  bool counts_gaps() const;

  Ref<Connection> conn_;
  const ConnOptions& options_;
  ConnCounters& counters_;
  ConnEvents& events_;

  StreamPair socket_streams_;
  LeftOut left_out_;  // of the socket
  std::map<uint64_t, StreamPair>
      tls_streams_;  // by stream id: one socket may carry several in turn
  Need need_ = Need::kBodies;
  std::optional<uint32_t> need_facts_;          // Connection::facts when it was asked for
  bool sends_bodies_ = false;                   // some body of it went out while it came
  std::array<uint64_t, 2> asked_to_skip_ = {};  // offset in the stream that the parser follows
  uint64_t talking_ = 0;                        // whose bytes the parser follows; 0: the socket's
  std::array<proto::TlsHelloReader, 2> hellos_;
  uint64_t tls_began_ns_ = 0;  // CLOCK_BOOTTIME of its first TLS bytes, 0 = they were not seen
  bool tls_read_ = false;      // plain text of a TLS object came; not only what was sent in clear
  // Of the socket's totals, what another connection that ended was reported with.
  std::array<uint64_t, 2> reported_elsewhere_ = {};
  uint64_t counted_tls_bytes_ = 0;  // its part of ConnCounters
  uint64_t counted_decrypted_bytes_ = 0;

  std::unique_ptr<ParserHome> home_;
  std::unique_ptr<proto::Parser> parser_;
  std::array<TimedBytes, 2> undetected_;  // first bytes, until they prove a protocol
  http::LateStart late_;                  // of one that was joined late, likewise
  bool detecting_ = true;
  size_t undetected_datagrams_ = 0;
  bool resynchronising_ = false;  // a parser gave up: what comes may begin anywhere

  bool announced_ = false;
  bool ignored_ = false;
  int64_t next_report_ns_ = 0;
};

}  // namespace qtap::conn
