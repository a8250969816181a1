// SPDX-License-Identifier: Apache-2.0
#include "base/json_writer.h"
#include "sink/builtin.h"

namespace qtap::sink {
namespace {

class StdoutSink : public Sink {
 public:
  StdoutSink(std::string id, Console& console) : console_(console), id_(std::move(id)) {}

  const std::string& id() const override { return id_; }
  Status flush(int) override { return {}; }
  void close() override {}

 protected:
  Status line(std::string text) {
    text += '\n';
    return console_.write(text);
  }

  Console& console_;

 private:
  std::string id_;
};

class StdoutEvents final : public StdoutSink {
 public:
  using StdoutSink::StdoutSink;
  bool takes_events() const override { return true; }
  bool takes_objects() const override { return false; }
  Status put_event(const Ref<Event>& event) override { return line(event->json); }
  bool batches_events() const override { return true; }
  // In one write: a system call for each line would cost as much as making it.
  Status put_events(std::span<const Ref<Event>> events, size_t& taken) override {
    taken = 0;
    if (Status status = console_.status(); !status.ok()) return status;
    lines_.clear();
    for (const Ref<Event>& event : events) lines_.append(event->json).append(1, '\n');
    size_t written = 0;
    Status status = console_.write(lines_, written);
    for (size_t end = 0; taken < events.size(); ++taken) {
      end += events[taken]->json.size() + 1;
      if (end > written) break;
    }
    return status;
  }
  Status put_object(const Ref<Object>&) override { return {}; }
  std::string locate(const Object&) const override { return {}; }

 private:
  std::string lines_;
};

class StdoutObjects final : public StdoutSink {
 public:
  StdoutObjects(std::string id, Console& console, DigestKind digest)
      : StdoutSink(std::move(id), console), digest_(digest) {}
  bool takes_events() const override { return false; }
  bool takes_objects() const override { return true; }
  Status put_event(const Ref<Event>&) override { return {}; }
  Status put_object(const Ref<Object>& object) override {
    // http_capture has printed it, in its format, before it came here.
    if (object->type == "http_transaction") return console_.flush();
    if (object->content_type == "application/json") return line(object->data);
    std::string text;
    JsonWriter json(text);
    json.begin_object();
    json.member("type", object->type);
    json.member("digest", digest_of(*object));
    json.member("contentType", object->content_type);
    json.base64("data", object->data);
    json.end_object();
    return line(std::move(text));
  }
  std::string locate(const Object& object) const override { return "stdout:" + digest_of(object); }
  const std::string& digest_of(const Object& object) const override {
    return qtap::digest_of(object, digest_);
  }

 private:
  const DigestKind digest_;
};

}  // namespace

std::unique_ptr<Sink> make_stdout_events(std::string id, Console& console) {
  return std::make_unique<StdoutEvents>(std::move(id), console);
}

std::unique_ptr<Sink> make_stdout_objects(std::string id, Console& console, DigestKind digest) {
  return std::make_unique<StdoutObjects>(std::move(id), console, digest);
}

}  // namespace qtap::sink
