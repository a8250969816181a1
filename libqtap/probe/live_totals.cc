// SPDX-License-Identifier: Apache-2.0
// Records that came through no ring: the ends that found it full, the streams of processes that
// ended without freeing them, and totals of what has not ended. Each is due behind what is in the
// ring.
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "bpf/shared/records.h"
#include "bpf/shared/state.h"
#include "probe/live.h"
#include "source/record_decode.h"

namespace qtap::probe {
namespace {

// Streams of processes that have ended.
constexpr uint64_t kEndedSweepNs = 250'000'000;
// And of those whose end we were not told about (lost records).
constexpr uint64_t kSweepNs = 30'000'000'000;

// UDP: how long nothing comes before a flow is over. Two minutes are asked of NATs (RFC 4787, 4.3),
// most give 30 s; clients of DNS wait 5 s (resolv.conf(5), timeout).
constexpr uint64_t kFlowIdleNs = 60'000'000'000;
constexpr uint64_t kShortFlowIdleNs = 5'000'000'000;
constexpr uint64_t kFlowSweepNs = 1'000'000'000;
constexpr size_t kCrowdedFlows = 12288;  // three quarters of udp_flows, bpf/maps.h
constexpr uint16_t kDnsPort = 53;

Record totals_of(RecordType type, uint32_t pid, const qtap_stream& stream, uint64_t now_ns) {
  Record record;
  record.type = type;
  record.time_ns = now_ns;
  record.pid = pid;
  record.conn_key = stream.conn_key;
  record.stream_id = stream.stream_id;
  record.late = stream.from_start == 0 && stream.handshake_us == 0;
  for (size_t d = 0; d < 2; ++d) {
    record.total_bytes[d] = stream.offset[d];
    record.filtered_bytes[d] = stream.filtered[d];
    record.over_budget_bytes[d] = stream.budget[d];
  }
  return record;
}

Record totals_of(RecordType type, const qtap_socket& socket, uint64_t now_ns) {
  Record record;
  record.type = type;
  record.time_ns = now_ns;
  record.conn_key = record.stream_id = socket.conn_key;
  for (size_t d = 0; d < 2; ++d) {
    record.total_bytes[d] = socket.bytes[d];
    record.filtered_bytes[d] = socket.filtered[d];
    record.over_budget_bytes[d] = socket.budget[d];
  }
  return record;
}

}  // namespace

void Live::housekeeping(uint64_t now_ns) {
  if (finding_older_) {
    finding_older_ = older_->read_some();
    waker_->wake_after(0);
  }
  look_for_libraries(now_ns);
  if (now_ns - swept_flows_ns_ >= kFlowSweepNs) sweep_flows(now_ns);
  const bool ended = !ended_images_.empty() && now_ns - swept_ns_ >= kEndedSweepNs;
  if (ended || now_ns - swept_all_ns_ >= kSweepNs) sweep_streams(now_ns);
}

// Nothing else tells what UDP sockets carried, or that one is gone: a flow is over when nothing
// came for so long, or with its process.
void Live::sweep_flows(uint64_t now_ns) {
  const uint64_t since_ns = std::exchange(swept_flows_ns_, now_ns);
  const uint64_t made = kernel_->flows_made();
  if (flows_left_ == 0 && made == flows_made_) return;
  const bool is_crowded = flows_left_ > kCrowdedFlows;
  flows_made_ = made;
  flows_left_ = 0;
  std::vector<qtap_udp_key> over;
  kernel_->for_each_flow([&](const qtap_udp_key& key, const qtap_udp_flow& flow) {
    ++flows_left_;
    const uint64_t idle_ns = now_ns - std::min<uint64_t>(now_ns, flow.last_ns);
    const bool is_short = is_crowded || key.remote_port == kDnsPort;
    const bool is_over =
        idle_ns > (is_short ? kShortFlowIdleNs : kFlowIdleNs) ||
        (idle_ns > kFlowSweepNs &&
         access((options_.proc_root + "/" + std::to_string(flow.tgid)).c_str(), F_OK) != 0);
    if (is_over) {
      over.push_back(key);
    } else if (flow.last_ns < since_ns) {
      return;  // told already
    }
    tell_later(totals_of(is_over ? RecordType::kClose : RecordType::kCount, flow.now, now_ns));
  });
  for (const qtap_udp_key& key : over) kernel_->remove_flow(key);
}

// Processes end without freeing their TLS objects.
void Live::sweep_streams(uint64_t now_ns) {
  const bool all = now_ns - swept_all_ns_ >= kSweepNs;
  swept_ns_ = now_ns;
  if (all) swept_all_ns_ = now_ns;
  std::vector<qtap_stream_key> dead;
  kernel_->for_each_stream([&](const qtap_stream_key& key, const qtap_stream& stream) {
    const auto ended = ended_images_.find(key.tgid);
    const bool stale = ended != ended_images_.end() && stream.created_ns <= ended->second;
    const bool gone =
        all && access((options_.proc_root + "/" + std::to_string(key.tgid)).c_str(), F_OK) != 0;
    if (!stale && !gone) return;
    dead.push_back(key);
    tell_later(totals_of(RecordType::kStreamEnd, key.tgid, stream, now_ns));
  });
  for (const qtap_stream_key& key : dead) kernel_->remove_stream(key);
  ended_images_.clear();
}

// First who they are, then what they said, then that they are gone: a socket waits for its stream.
void Live::fetch_unsent_ends() {
  const UnsentEnds ends = kernel_->take_unsent_ends();
  const auto tell = [&](const auto& layout) {
    const auto record = source::decode_record(
        {reinterpret_cast<const uint8_t*>(&layout), static_cast<size_t>(layout.h.size)});
    if (record.ok()) tell_later(*record);
  };
  for (const qtap_unsent_close& end : ends.closes) {
    if (end.open.h.size != 0) tell(end.open);
  }
  for (const qtap_rec_count& end : ends.streams) tell(end);
  for (const qtap_unsent_close& end : ends.closes) tell(end.close);
}

void Live::keep_budget(uint64_t now_ns) {
  budget_.on_tick(*kernel_, now_ns, [&](const qtap_stream_key& key, const qtap_stream& stream) {
    tell_later(totals_of(RecordType::kCount, key.tgid, stream, now_ns));
  });
}

// The end of the capture: what was lost last shows in no later record.
void Live::tell_totals(uint64_t now_ns) {
  totals_told_ = true;
  fetch_unsent_ends();
  kernel_->for_each_stream([&](const qtap_stream_key& key, const qtap_stream& stream) {
    if (stream.offset[0] + stream.offset[1] == 0) return;
    tell_later(totals_of(RecordType::kCount, key.tgid, stream, now_ns));
  });
  kernel_->for_each_socket([&](const qtap_socket& socket) {
    if (socket.bytes[0] + socket.bytes[1] == 0) return;
    tell_later(totals_of(RecordType::kCount, socket, now_ns));
  });
  kernel_->for_each_flow([&](const qtap_udp_key&, const qtap_udp_flow& flow) {
    tell_later(totals_of(RecordType::kCount, flow.now, now_ns));
  });
}

}  // namespace qtap::probe
