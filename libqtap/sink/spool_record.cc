// SPDX-License-Identifier: Apache-2.0
#include "sink/spool_record.h"

#include <zlib.h>

#include <array>
#include <utility>

#include "model/event_json.h"

namespace qtap::sink {
namespace {

constexpr std::string_view kName = "QSP";
constexpr std::string_view kMagic = "QSP1";  // with the version
constexpr size_t kKindAt = 5;
constexpr size_t kTextBytesAt = 8;
constexpr size_t kDataBytesAt = 16;
constexpr size_t kChecksumAt = 24;

void store_number(char* at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i) at[i] = static_cast<char>(value >> (8 * i) & 0xff);
}

uint64_t load_number(const char* at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) {
    value |= uint64_t{static_cast<unsigned char>(at[i])} << (8 * i);
  }
  return value;
}

uint32_t add_checksum(uint32_t sum, std::string_view bytes) {
  const auto* begin = reinterpret_cast<const Bytef*>(bytes.data());
  return static_cast<uint32_t>(::crc32_z(sum, begin, bytes.size()));
}

// Kind and lengths of the head, then all behind it, in two parts.
uint32_t checksum_of(std::string_view head, std::string_view texts, std::string_view data) {
  uint32_t sum = add_checksum(0, head.substr(kKindAt, kChecksumAt - kKindAt));
  sum = add_checksum(sum, texts);
  return add_checksum(sum, data);
}

void append_text(std::string& out, std::string_view text) {
  std::array<char, 4> length = {};
  store_number(length.data(), text.size(), length.size());
  out.append(length.data(), length.size()).append(text);
}

class TextReader {
 public:
  explicit TextReader(std::string_view bytes) : left_(bytes) {}

  std::string text() {
    const uint64_t length = number(4);
    if (length > left_.size()) is_good_ = false;
    if (!is_good_) return "";
    std::string text(left_.substr(0, length));
    left_.remove_prefix(length);
    return text;
  }
  int64_t time() { return static_cast<int64_t>(number(8)); }
  // All was there, and no more.
  bool is_complete() const { return is_good_ && left_.empty(); }

 private:
  uint64_t number(size_t bytes) {
    if (left_.size() < bytes) is_good_ = false;
    if (!is_good_) return 0;
    const uint64_t value = load_number(left_.data(), bytes);
    left_.remove_prefix(bytes);
    return value;
  }

  std::string_view left_;
  bool is_good_ = true;
};

void append_time(std::string& out, int64_t time_ns) {
  std::array<char, 8> bytes = {};
  store_number(bytes.data(), static_cast<uint64_t>(time_ns), bytes.size());
  out.append(bytes.data(), bytes.size());
}

void append_texts(std::string& out, const Event& event) {
  append_text(out, event.type);
  append_text(out, event.connection_id);
  append_text(out, event.request_id);
  append_time(out, event.time_ns);
}

void append_texts(std::string& out, const Object& object) {
  append_text(out, object.type);
  append_text(out, object.content_type);
  append_text(out, object.digest);
  const ArtifactText artifact =
      object.transaction ? artifact_text(*object.transaction) : object.artifact;
  append_text(out, artifact.common);
  append_text(out, artifact.summary);
  append_text(out, artifact.connection_id);
  append_text(out, artifact.request_id);
  append_time(out, artifact.start_ns);
  append_time(out, artifact.end_ns);
}

Error corrupt(const char* what) {
  return {"QT220", QTAP_ERR_CORRUPT, std::string("read a record of a spool: ") + what};
}

Ref<Event> read_event(TextReader& texts) {
  auto event = Ref<Event>::make();
  event->type = texts.text();
  event->connection_id = texts.text();
  event->request_id = texts.text();
  event->time_ns = texts.time();
  return event;
}

Ref<Object> read_object(TextReader& texts) {
  auto object = Ref<Object>::make();
  object->type = texts.text();
  object->content_type = texts.text();
  object->digest = texts.text();
  object->artifact.common = texts.text();
  object->artifact.summary = texts.text();
  object->artifact.connection_id = texts.text();
  object->artifact.request_id = texts.text();
  object->artifact.start_ns = texts.time();
  object->artifact.end_ns = texts.time();
  return object;
}

}  // namespace

Error cut_record() {
  return corrupt("it ends in its data");
}

std::string_view spool_data(const SpoolItem& item) {
  if (const auto* event = std::get_if<Ref<Event>>(&item)) return (*event)->json;
  return std::get<Ref<Object>>(item)->data;
}

std::string spool_prefix(const SpoolItem& item) {
  std::string out(kSpoolHeadBytes, '\0');
  std::visit([&](const auto& one) { append_texts(out, *one); }, item);
  out.replace(0, kMagic.size(), kMagic);
  out[kSpoolStateAt] = kSpoolWaiting;
  out[kKindAt] = std::holds_alternative<Ref<Event>>(item) ? 'e' : 'o';
  store_number(&out[kTextBytesAt], out.size() - kSpoolHeadBytes, 4);
  store_number(&out[kDataBytesAt], spool_data(item).size(), 8);
  const std::string_view all = out;
  const uint32_t sum = checksum_of(all, all.substr(kSpoolHeadBytes), spool_data(item));
  store_number(&out[kChecksumAt], sum, 4);
  return out;
}

Result<SpoolHead> read_spool_head(std::string_view bytes) {
  if (bytes.size() < kSpoolHeadBytes) return corrupt("it ends in its head");
  const char version = bytes[kName.size()];
  if (bytes.starts_with(kName) && version != kMagic.back() && version >= '0' && version <= '9') {
    return Error{
        "QT226", QTAP_ERR_UNSUPPORTED,
        "read a record of a spool: it is of another version; let that one send what waits"};
  }
  if (!bytes.starts_with(kMagic)) return corrupt("it does not begin with QSP1");
  const char state = bytes[kSpoolStateAt];
  SpoolHead head = {.waits = state == kSpoolWaiting,
                    .kind = bytes[kKindAt],
                    .text_bytes = static_cast<uint32_t>(load_number(&bytes[kTextBytesAt], 4)),
                    .data_bytes = load_number(&bytes[kDataBytesAt], 8),
                    .checksum = static_cast<uint32_t>(load_number(&bytes[kChecksumAt], 4))};
  if (state != kSpoolWaiting && state != kSpoolDone) return corrupt("its state is none");
  if (head.kind != 'e' && head.kind != 'o') return corrupt("it is neither event nor object");
  if (head.data_bytes > kMaxSpoolBytes) return corrupt("it is too long");
  const bool is_plain =
      load_number(&bytes[kKindAt + 1], 2) == 0 && load_number(&bytes[kTextBytesAt + 4], 4) == 0;
  if (!is_plain) return corrupt("it has what is not known");
  return head;
}

Result<SpoolItem> read_spool_record(const SpoolHead& head, std::string_view bytes) {
  if (bytes.size() != head.record_bytes()) return cut_record();
  const std::string_view texts = bytes.substr(kSpoolHeadBytes, head.text_bytes);
  const std::string_view data = bytes.substr(kSpoolHeadBytes + head.text_bytes);
  if (checksum_of(bytes, texts, data) != head.checksum) return corrupt("its checksum is wrong");
  TextReader reader(texts);
  SpoolItem item;
  if (head.kind == 'e') {
    auto event = read_event(reader);
    event->json = data;
    item = std::move(event);
  } else {
    auto object = read_object(reader);
    object->data = data;
    item = std::move(object);
  }
  if (!reader.is_complete()) return corrupt("its texts do not fit");
  return item;
}

}  // namespace qtap::sink
