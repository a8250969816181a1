// SPDX-License-Identifier: Apache-2.0
#include "session/build.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/clock.h"
#include "plugin/builtin.h"
#include "s3/uri.h"
#include "session/azure_store.h"
#include "session/body_streams.h"
#include "session/gcs_store.h"
#include "session/remote_event_stores.h"
#include "session/remote_stores.h"
#include "session/store_place.h"
#include "sink/builtin.h"
#include "source/feed.h"
#include "source/replay.h"
#ifdef QTAP_HAVE_BPF
#include "probe/live_source.h"
#endif

namespace qtap::session {
namespace {

using plugin::Level;

constexpr uint64_t kFedIdSeed = 1;  // without ids.seed: the same bytes give the same ids

Level level_of(const std::string& word) {
  if (word == "summary") return Level::kSummary;
  if (word == "details" || word == "headers") return Level::kDetails;
  return word == "full" ? Level::kFull : Level::kNone;
}

ObjectOptions::HeaderList header_list_of(const std::string& word) {
  using List = ObjectOptions::HeaderList;
  return word == "always" ? List::kAlways : word == "never" ? List::kNever : List::kAuto;
}

plugin::ConsoleFormat format_of(const std::string& word) {
  return word == "json" ? plugin::ConsoleFormat::kJson : plugin::ConsoleFormat::kText;
}

// The rules of a configuration on their way to plugins: all that are wrong are told, not the first.
class RuleCompiler {
 public:
  explicit RuleCompiler(std::shared_ptr<plugin::RuleBook> book) : book_(std::move(book)) {}

  // Null: it is wrong.
  std::unique_ptr<const rulekit::Rule> compile(const RuleText& text) {
    auto compiled = book_->compile(text);
    if (compiled.ok()) return *std::move(compiled);
    errors_.push_back(compiled.error());
    return nullptr;
  }

  plugin::LevelRules levels(const PluginSettings& from, const std::string& by_default) {
    std::vector<std::unique_ptr<const rulekit::Rule>> rules;
    std::vector<plugin::LevelChoice> choices;
    for (const PluginRule& rule : from.rules) {
      auto compiled = compile(rule.text);
      if (!compiled) continue;
      rules.push_back(std::move(compiled));
      choices.push_back(
          {level_of(rule.level), format_of(rule.format.empty() ? from.format : rule.format)});
    }
    const plugin::LevelChoice otherwise = {level_of(by_default), format_of(from.format)};
    if (rules.empty()) return plugin::LevelRules(otherwise);
    return plugin::LevelRules(otherwise, plugin::RuleList(book_, std::move(rules)),
                              std::move(choices));
  }

  // One line each, at most kMaxTold.
  Status status() const {
    constexpr size_t kMaxTold = 20;  // as of a document (spec/config.md 3)
    if (errors_.empty()) return {};
    Error all = errors_.front();
    for (size_t at = 1; at < std::min(errors_.size(), kMaxTold); ++at) {
      all.text += "\n" + message_of(errors_[at]);  // its own id leads the whole
    }
    return all;
  }

 private:
  std::shared_ptr<plugin::RuleBook> book_;
  std::vector<Error> errors_;
};

// Colour is for terminals, and not for those who said no (no-color.org).
bool stdout_takes_colour() {
  const char* no_color = std::getenv("NO_COLOR");
  return ::isatty(STDOUT_FILENO) == 1 && (!no_color || *no_color == '\0');
}

Result<std::unique_ptr<source::Source>> make_live_source([[maybe_unused]] const Settings& settings,
                                                         [[maybe_unused]] LogLine debug) {
#ifdef QTAP_HAVE_BPF
  probe::LiveOptions options;
  options.ring_bytes = settings.capture.ring_bytes;
  options.rings = settings.capture.shards;
  options.budget = {.process = settings.capture.process_budget,
                    .total = settings.capture.total_budget};
  if (!settings.capture.openssl) options.tls.clear();
  options.self_pid = static_cast<uint32_t>(::getpid());
  options.id_seed = settings.id_seed;
  if (settings.log_libbpf) options.libbpf_print = std::move(debug);
  return probe::LiveSource::create(options);
#else
  return Error{"QT029", QTAP_ERR_UNSUPPORTED,
               "capture.source=live: this libqtap was built without BPF; use replay or feed, or "
               "build with -Dbpf=enabled"};
#endif
}

}  // namespace

Status check_record_file(const Settings& settings) {
  const auto& capture = settings.capture;
  struct stat replayed = {};
  struct stat recorded = {};
  if (capture.source != CaptureSource::kReplay || capture.record_file.empty() ||
      ::stat(capture.replay_file.c_str(), &replayed) != 0 ||
      ::stat(capture.record_file.c_str(), &recorded) != 0) {
    return {};
  }
  if (replayed.st_dev != recorded.st_dev || replayed.st_ino != recorded.st_ino) return {};
  return Error{"QT030", QTAP_ERR_INVALID,
               "capture.record_file: " + capture.record_file +
                   " is the recording that capture.replay_file replays; choose another name"};
}

Result<std::unique_ptr<source::Source>> make_source(const Settings& settings, LogLine debug) {
  switch (settings.capture.source) {
    case CaptureSource::kReplay:
      return source::ReplaySource::open(settings.capture.replay_file);
    case CaptureSource::kFeed: {
      source::Origin origin;
      origin.id_seed = settings.id_seed != 0 ? settings.id_seed : kFedIdSeed;
      origin.hostname = hostname();
      origin.instance = "feed";
      return std::unique_ptr<source::Source>(
          std::make_unique<source::FeedSource>(std::move(origin)));
    }
    case CaptureSource::kLive:
      break;
  }
  return make_live_source(settings, std::move(debug));
}

Result<Plugins> make_plugins(const Settings& settings) {
  const bool prints_objects =
      std::any_of(settings.object_stores.begin(), settings.object_stores.end(),
                  [](const StoreSettings& store) { return store.type == "stdout"; });
  QTAP_TRY(const auto book, plugin::RuleBook::create(settings.macros));
  RuleCompiler rules(book);
  Plugins made;
  for (const PluginSettings& p : settings.plugins) {
    if (p.type == "http_capture") {
      made.list.push_back(plugin::make_http_capture(
          rules.levels(p, p.level), {.object_min_level = level_of(p.object_min_level),
                                     .header_list = header_list_of(p.header_list),
                                     .decode_body = p.decode_body,
                                     .prints = prints_objects}));
    } else if (p.type == "access_logs") {
      made.list.push_back(plugin::make_access_logs(rules.levels(p, p.mode), stdout_takes_colour()));
    } else if (p.type == "report_usage") {
      made.list.push_back(plugin::make_report_usage(
          {.keep_query = settings.events.keep_query, .hash_key = settings.events.hash_key}));
    }
  }
  for (const RuleText& rule : settings.idle_rules) rules.compile(rule);
  QTAP_CHECK(rules.status());
  made.warnings = book->warnings();
  return made;
}

conn::ConnOptions make_conn_options(const Settings& settings,
                                    const std::vector<std::unique_ptr<plugin::Plugin>>& plugins,
                                    const Host& host, const Outlet& outlet) {
  const bool needs_bodies =
      host.wants_bodies() || std::any_of(plugins.begin(), plugins.end(), [](const auto& plugin) {
        return plugin->needs() == Level::kFull;
      });
  conn::ConnOptions options;
  options.parser.body_buffer = needs_bodies ? settings.capture.body_buffer : 0;
  options.parser.tells_bodies = streams_bodies(plugins, outlet);
  options.messages.tells_messages = host.wants_messages();
  options.messages.message_buffer = settings.capture.message_buffer;
  options.parser.header_bytes = settings.limits.header_bytes;
  options.parser.pipelined_requests = settings.limits.streams_per_connection;
  options.max_connections = settings.limits.connections;
  options.transaction_idle_ns = settings.limits.transaction_idle_ns;
  options.first_report_ns = settings.events.connection_first_ns;
  options.report_interval_ns = settings.events.connection_interval_ns;
  options.direction = settings.tap.direction;
  options.ignore_loopback = settings.tap.ignore_loopback;
  options.tls_probes = settings.capture.openssl;
  // A recording is for whoever replays it, with levels of their own.
  options.may_skip = !options.messages.tells_messages && !host.wants_data() &&
                     settings.capture.record_file.empty();
  return options;
}

namespace {

Result<std::unique_ptr<sink::Sink>> make_event_file(const StoreSettings& store) {
  using Sync = sink::EventFileOptions::Sync;
  const EventFileSettings& s = store.event_file;
  const Sync sync = s.fsync == "never"    ? Sync::kNever
                    : s.fsync == "always" ? Sync::kAlways
                                          : Sync::kInterval;
  return sink::make_file_events(store.id, {.path = s.path,
                                           .rotate_bytes = s.rotate_bytes,
                                           .rotate_age_ns = s.rotate_age_ns,
                                           .rotate_keep = s.rotate_keep,
                                           .sync = sync});
}

Result<std::unique_ptr<sink::Sink>> make_event_sink(const StoreSettings& store,
                                                    const source::Origin& origin,
                                                    sink::Console& console, bool has_worker,
                                                    const LogLine& warn) {
  if (store.type == "file") return make_event_file(store);
  if (store.type == "clickhouse") return make_clickhouse_store(store);
  if (store.type == "otel") return make_otel_store(store, origin, console);
  if (store.type == "pulse") return make_pulse_store(store, has_worker, warn);
  if (store.type == "axiom") return make_axiom_store(store);
  return sink::make_stdout_events(store.id, console);
}

Result<std::unique_ptr<sink::Sink>> make_object_sink(const StoreSettings& store,
                                                     sink::Console& console) {
  const DigestKind digest = digest_kind(store.objects);
  if (store.type == "file") {
    return sink::make_file_objects(store.id, store.dir,
                                   {.bodies = store.bodies,
                                    .digest = digest,
                                    .max_bytes = store.max_bytes,
                                    .max_age_ns = store.max_age_ns});
  }
  if (store.type == "s3") return make_s3_store(store);
  if (store.type == "azure_blob") return make_azure_store(store);
  if (store.type == "gcs") return make_gcs_store(store);
  return sink::make_stdout_objects(store.id, console, digest);
}

// Null: the store has none. An event store and an object store may have one name.
Result<std::unique_ptr<sink::Spool>> make_spool(const StoreSettings& store,
                                                const std::string& kind) {
  if (store.delivery.spool_dir.empty()) return std::unique_ptr<sink::Spool>();
  const std::string name = s3::uri_encode(store.id, s3::Slash::kEncoded);
  return sink::Spool::open(store.delivery.spool_dir + "/" + kind + "-" + name,
                           store.delivery.spool_bytes);
}

}  // namespace

Result<std::vector<sink::StorePlan>> make_sinks(const Settings& settings,
                                                const source::Origin& origin,
                                                sink::Console& console, const LogLine& warn) {
  std::vector<sink::StorePlan> sinks;
  for (const StoreSettings& store : settings.event_stores) {
    QTAP_TRY(auto sink, make_event_sink(store, origin, console, settings.worker_threads > 0, warn));
    QTAP_TRY(auto spool, make_spool(store, "events"));
    sinks.push_back(
        {std::move(sink), make_store_options(settings, store.delivery), std::move(spool)});
  }
  for (const StoreSettings& store : settings.object_stores) {
    QTAP_TRY(auto sink, make_object_sink(store, console));
    QTAP_TRY(auto spool, make_spool(store, "objects"));
    sinks.push_back({.sink = std::move(sink),
                     .options = make_store_options(settings, store.delivery),
                     .spool = std::move(spool),
                     .has_record = store.objects.has_record,
                     .record_store = store.objects.record_store});
  }
  return sinks;
}

Ref<Decoding> make_decoding(const Settings& settings) {
  auto decoding = Ref<Decoding>::make();
  decoding->limits.max_output_bytes = settings.limits.decoded_bytes;
  decoding->limits.max_ratio = settings.limits.decode_ratio;
  return decoding;
}

sink::StoreOptions make_store_options(const Settings& settings, const DeliverySettings& delivery) {
  return {.queue_bytes = delivery.queue_bytes,
          .drops_oldest = delivery.drops_oldest,
          .body_bytes = settings.capture.body_buffer,
          .max_attempts = delivery.max_attempts,
          .first_retry_ns = delivery.first_retry_ns,
          .max_retry_ns = delivery.max_retry_ns,
          .batch_events = delivery.batch_events,
          .batch_wait_ns = delivery.batch_wait_ns,
          .has_worker = settings.worker_threads > 0};
}

}  // namespace qtap::session
