// SPDX-License-Identifier: Apache-2.0
// The bytes of a connection: what of them is new, what is missing, and who gets them.
#include <algorithm>
#include <utility>

#include "conn/parser_home.h"
#include "conn/tracked.h"

namespace qtap::conn {
namespace {

// A start line is proven within its first bytes; this is far more than any detection needs.
constexpr size_t kMaxUndetected = 64u << 10;

// QUIC begins with long headers; what is older than the capture shows them no more.
constexpr size_t kMaxUndetectedDatagrams = 8;

constexpr char kTlsHandshake = 22;  // RFC 8446, 5.1

// Telling the kernel side costs a system call, about as much as copying this many bytes.
constexpr uint64_t kMinSkip = 64u << 10;

// Null: of that protocol, only its name is told.
std::unique_ptr<proto::Parser> make_parser(const proto::Detected& found,
                                           const proto::ParserLimits& limits,
                                           proto::ParserEvents& events) {
  switch (found.what) {
    case proto::Detection::kHttp1:
      return http::make_http1_parser(limits, events);
    case proto::Detection::kHttp2:
      return http::make_http2_parser(proto::StreamStart::kFirstByte, limits, events);
    case proto::Detection::kHttp2Late:
      return http::make_http2_parser(proto::StreamStart::kAnywhere, limits, events);
    default:
      break;
  }
  if (found.protocol != L7Protocol::kDns) return nullptr;
  return proto::make_dns_parser(proto::DnsFraming::kStream, events);
}

L7Protocol protocol_of(const proto::Detected& found) {
  if (found.what == proto::Detection::kNamed) return found.protocol;
  return found.what == proto::Detection::kHttp1 ? L7Protocol::kHttp1 : L7Protocol::kHttp2;
}

// What is inside of bodies is looked for in any case, in what comes: that alone does not make the
// kernel side copy what it may leave out.
proto::ParserLimits parser_limits(const ConnOptions& options, Need need) {
  proto::ParserLimits limits = options.parser;
  if (need != Need::kBodies) limits.body_buffer = 0;
  const bool tells_bodies = options.parser.tells_bodies && need == Need::kBodies;
  limits.tells_bodies = true;
  limits.may_skip_bodies = !tells_bodies && !options.messages.tells_messages;
  return limits;
}

// Their transactions are what rules decide about; others are read for themselves.
bool is_http(L7Protocol protocol) {
  return protocol == L7Protocol::kHttp1 || protocol == L7Protocol::kHttp2 ||
         protocol == L7Protocol::kGrpc;
}

std::span<const uint8_t> as_bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

}  // namespace

void Tracked::read_hello(const Record& record) {
  if (tls_began_ns_ == 0) tls_began_ns_ = record.time_ns;
  learn_tls();
  proto::TlsHelloReader& reader = hellos_[index(record.direction)];
  if (reader.state() != proto::TlsHelloReader::State::kNeedMore) return;
  // A hello is the first thing on a connection: what starts later is something else.
  if (record.offset != socket_streams_[index(record.direction)].next()) return;
  Connection& conn = writable_facts();
  // Its first four bytes, written alone, were not told from plain text yet.
  TimedBytes& before = undetected_[index(record.direction)];
  if (before.view().starts_with(kTlsHandshake) && before.size() == record.offset) {
    reader.add(as_bytes(before.view()), conn.tls);
  }
  before.clear();
  if (reader.add(record.bytes, conn.tls) == proto::TlsHelloReader::State::kClientHello) {
    learn_endpoint(conn.tls.sni);
    if (conn.role == Role::kUnknown) {
      set_role(record.direction == Direction::kSent ? Role::kClient : Role::kServer);
    }
  }
}

void Tracked::socket_data(const Record& record, int64_t time_ns) {
  const size_t d = index(record.direction);
  const uint64_t end = record.offset + record.full_len;
  std::array<uint64_t, 2> totals = {};  // of the other direction it tells nothing
  totals[d] = end;
  learn_wire_bytes(totals);
  if (record.tls || talking_ != 0) {  // once there is a TLS object, the socket carries its records
    if (record.tls) read_hello(record);
    socket_streams_[d].add(record.offset, record.full_len, record.bytes, record.filtered,
                           record.over_budget);
  } else {
    deliver(socket_streams_[d], record, time_ns);
  }
}

void Tracked::tls_data(const Record& record, int64_t time_ns) {
  learn_tls_probe();
  learn_handshake(record.handshake_us);
  if (record.late) learn_late();
  learn_wire_bytes(record.wire_bytes);
  if (record.stream_id != talking_) start_talk(record.stream_id, time_ns);
  deliver(tls_streams_[record.stream_id][index(record.direction)], record, time_ns);
  if (conn_->tls_state != TlsState::kDecrypted) update_tls_state();
}

// Another conversation begins: TLS inside of what a proxy has opened (CONNECT, SOCKS), or another
// TLS object on the same socket (a forked server). What came before says nothing about it.
void Tracked::start_talk(uint64_t stream_id, int64_t time_ns) {
  const ParserGuard guard(*this);
  talking_ = stream_id;
  asked_to_skip_ = {};
  if (parser_) parser_->close(time_ns, http::Truncation::kNone);
  parser_.reset();
  undetected_ = {};
  late_ = {};
  detecting_ = true;
}

// What was unfinished is handed out, marked; what comes may begin anywhere. Nothing is thrown while
// an exception is on its way: what cannot even be handed out is only counted.
void Tracked::abandon_parser() noexcept {
  if (!parser_ && !detecting_) return;  // nobody reads it
  ++counters_.limit_hits;
  for (TimedBytes& first : undetected_) first.clear();
  late_ = {};
  detecting_ = resynchronising_ = true;
  const std::unique_ptr<proto::Parser> parser = std::move(parser_);
  if (!parser) return;
  try {
    parser->abandon(http::Truncation::kLimit);
  } catch (...) {
  }
}

// Of a socket whose protocol nobody parses, bytes are left out on purpose: those are filtered, not
// lost.
bool Tracked::counts_gaps() const {
  return conn_->is_tls || parser_ != nullptr || detecting_;
}

void Tracked::deliver(Stream& stream, const Record& record, int64_t time_ns) {
  const ParserGuard guard(*this);
  const Direction direction = record.direction;
  const uint64_t first = std::max(stream.next(), record.offset);
  const Stream::Piece piece =
      stream.add(record.offset, record.full_len, record.bytes, record.filtered, record.over_budget);
  // Bytes that nothing was said about found the ring full; a host may tell a gap in two parts.
  const LossCause before = record.type == RecordType::kGap ? record.cause : kLossRingFull;
  if (piece.skipped_before > 0) skipped(direction, time_ns, piece.skipped_before);
  if (piece.over_budget_before > 0) {
    gap(direction, time_ns, record.offset - piece.gap_before, piece.over_budget_before,
        kLossBudget);
  }
  if (piece.gap_before > 0) gap(direction, time_ns, record.offset, piece.gap_before, before);
  if (!piece.bytes.empty()) {
    counters_.bytes_seen += piece.bytes.size();
    counters_.bytes_delivered += piece.bytes.size();
    writable(conn_).ledger[index(direction)].delivered += piece.bytes.size();
    tls_read_ |= record.stream_kind != StreamKind::kSocket;
    if (wanted()) events_.on_data(conn_, direction, time_ns, first, 0, piece.bytes);
    parse(direction, time_ns, piece.bytes);
    leave_if_unneeded(time_ns);
  }
  if (piece.gap_after > 0) {
    gap(direction, time_ns, stream.next(), piece.gap_after, record.cause);
  }
  ask_to_skip(record, stream);
}

void Tracked::ask_for_need() {
  if (need_facts_ == conn_->facts) return;
  need_ = events_.need_of(*conn_);
  need_facts_ = conn_->facts;
}

// After the first bytes were read, so that what the connection speaks, and with whom, is told in
// any case.
void Tracked::leave_if_unneeded(int64_t time_ns) {
  if (!parser_ || !is_http(conn_->l7)) return;
  ask_for_need();
  if (need_ != Need::kNothing || !options_.may_skip) return;
  // A process that took the connection over may make what was needed unneeded: what goes to stores
  // since then is ended.
  if (sends_bodies_) parser_->close(time_ns, http::Truncation::kAborted);
  parser_.reset();
  detecting_ = false;
}

// How many of the next bytes nobody needs.
uint64_t Tracked::unwanted(Direction direction) const {
  if (parser_) return parser_->unwanted(direction);
  return need_ == Need::kNothing && options_.may_skip && !detecting_ ? UINT64_MAX : 0;
}

void Tracked::ask_to_skip(const Record& record, const Stream& stream) {
  const Direction direction = record.direction;
  if (!may_leave_out() && conn_->capture_level == CaptureLevel::kFull) return;
  const uint64_t more = unwanted(direction);
  if (more < kMinSkip) return;
  const uint64_t until = more > UINT64_MAX - stream.next() ? UINT64_MAX : stream.next() + more;
  if (until == asked_to_skip_[index(direction)]) return;
  asked_to_skip_[index(direction)] = until;
  events_.on_unwanted(record.stream_id, direction, until,
                      may_leave_out() ? SkipCause::kUnwanted : SkipCause::kBudget);
}

// `len` bytes right before `offset` are missing.
void Tracked::count_gap(Direction direction, int64_t time_ns, uint64_t offset, uint64_t len,
                        LossCause cause) {
  counters_.bytes_seen += len;
  counters_.bytes_lost += len;
  counters_.lost_by_cause[cause] += len;
  ++counters_.gaps;
  writable(conn_).ledger[index(direction)].lost[cause] += len;
  if (wanted()) events_.on_data(conn_, direction, time_ns, offset, len, {});
}

// Nobody wanted these bytes: no loss, and part of the body that they belong to.
void Tracked::skipped(Direction direction, int64_t time_ns, uint64_t len) {
  if (conn_->is_tls) counters_.bytes_filtered += len;  // of sockets, totals tell
  if (parser_) {
    parser_->skipped(direction, time_ns, len);
  } else {
    undetected_[index(direction)].clear();
  }
}

void Tracked::gap(Direction direction, int64_t time_ns, uint64_t offset, uint64_t len,
                  LossCause cause) {
  if (!counts_gaps()) return;
  count_gap(direction, time_ns, offset, len, cause);
  if (parser_ && cause == kLossBudget) {
    parser_->left_out(direction, time_ns, len);
  } else if (parser_) {
    parser_->gap(direction, time_ns, len);
  } else {
    undetected_[index(direction)].clear();  // what comes now does not follow what came before
    late_.lose(direction);
  }
}

void Tracked::parse(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  if (parser_) return parser_->data(direction, time_ns, bytes);
  if (!detecting_) return;
  if (conn_->transport == Transport::kUdp) return parse_datagram(direction, time_ns, bytes);

  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  TimedBytes& first = undetected_[index(direction)];
  first.append(time_ns, text);
  const auto start = conn_->joined_late || resynchronising_ ? proto::StreamStart::kAnywhere
                                                            : proto::StreamStart::kFirstByte;
  if (start == proto::StreamStart::kAnywhere && late_.add(direction, time_ns, text)) {
    return begin_parsing({proto::as_detection(late_.found())}, late_.take());
  }
  proto::Detected found =
      proto::detect(as_bytes(undetected_[0].view()), as_bytes(undetected_[1].view()), start);
  if (found.what == proto::Detection::kNeedMore && first.size() > kMaxUndetected) {
    found = {proto::Detection::kUnknown};
  }
  if (found.what == proto::Detection::kNeedMore) return;
  if (found.what != proto::Detection::kUnknown) {
    return begin_parsing(found, std::exchange(undetected_, {}));
  }
  undetected_ = {};
  // Whoever begins in the middle may still reach a start.
  detecting_ = start == proto::StreamStart::kAnywhere;
}

void Tracked::begin_parsing(const proto::Detected& found, std::array<TimedBytes, 2> first) {
  undetected_ = {};
  late_ = {};
  resynchronising_ = false;
  home_ = std::make_unique<ParserHome>(*this);
  ask_for_need();
  parser_ = make_parser(found, parser_limits(options_, need_), *home_);
  if (!parser_) {
    detecting_ = false;
    writable(conn_).l7 = found.protocol;
    return;
  }
  parser_->keep_bodies(conn_->capture_level == CaptureLevel::kFull);
  writable(conn_).l7 = protocol_of(found);
  TimedBytes::for_each_in_time(first, [&](size_t d, int64_t piece_ns, std::string_view piece) {
    parser_->data(direction_at(d), piece_ns, as_bytes(piece));
  });
}

// Each is whole or a beginning; the first ones tell, or none does.
void Tracked::parse_datagram(Direction direction, int64_t time_ns, std::span<const uint8_t> bytes) {
  const L7Protocol found = proto::detect_datagram(bytes);
  if (found == L7Protocol::kOther) {
    detecting_ = ++undetected_datagrams_ < kMaxUndetectedDatagrams;
    return;
  }
  detecting_ = false;
  writable(conn_).l7 = found;
  if (found != L7Protocol::kDns) return;
  home_ = std::make_unique<ParserHome>(*this);
  parser_ = proto::make_dns_parser(proto::DnsFraming::kDatagram, *home_);
  parser_->data(direction, time_ns, bytes);
}

void Tracked::finish_socket(int64_t time_ns) {
  if (conn_->is_tls) return;  // so nothing of the socket was reported elsewhere
  finish(socket_streams_, left_out_, conn_->wire_bytes, time_ns, /*is_parsed=*/true);
}

void Tracked::learn_tls_totals(uint64_t stream_id, const Record& totals, int64_t time_ns) {
  if (totals.total_bytes[0] + totals.total_bytes[1] == 0) return;
  if (talking_ == 0) start_talk(stream_id, time_ns);
  finish(tls_streams_[stream_id], {totals.filtered_bytes, totals.over_budget_bytes},
         totals.total_bytes, time_ns, /*is_parsed=*/talking_ == stream_id);
}

void Tracked::finish_tls(uint64_t stream_id, const Record& totals, int64_t time_ns) {
  learn_tls_totals(stream_id, totals, time_ns);
  tls_streams_.erase(stream_id);
}

// What did not come at the very end shows in no later offset, only in the totals.
void Tracked::finish(StreamPair& streams, const LeftOut& left_out,
                     const std::array<uint64_t, 2>& totals, int64_t time_ns, bool is_parsed) {
  const ParserGuard guard(*this);
  for (const Direction d : {Direction::kSent, Direction::kReceived}) {
    Stream& stream = streams[index(d)];
    const Stream::Piece rest = stream.finish(totals[index(d)], left_out.filtered[index(d)],
                                             left_out.over_budget[index(d)]);
    if (rest.skipped_before > 0 && is_parsed) skipped(d, time_ns, rest.skipped_before);
    const auto lose = [&](uint64_t offset, uint64_t len, LossCause cause) {
      if (len == 0) return;
      is_parsed ? gap(d, time_ns, offset, len, cause) : count_gap(d, time_ns, offset, len, cause);
    };
    lose(stream.next() - rest.gap_before, rest.over_budget_before, kLossBudget);
    lose(stream.next(), rest.gap_before, kLossRingFull);
  }
}

}  // namespace qtap::conn
