// SPDX-License-Identifier: Apache-2.0
// A sink of the host program: its C table behind the same interface as the built-in ones.
#pragma once

#include <qtap/sink.h>

#include <string>

#include "sink/sink.h"

namespace qtap::session {

class HostSink final : public sink::Sink {
 public:
  // `ops` is copied and already of this library's size.
  HostSink(const qtap_sink_ops& ops, void* user) : ops_(ops), user_(user), id_(ops.name) {
    ops_.name = id_.c_str();
  }

  const std::string& id() const override { return id_; }
  bool takes_events() const override { return ops_.put_event != nullptr; }
  bool takes_objects() const override { return ops_.put_object != nullptr; }
  bool takes_bodies() const override { return ops_.put_body != nullptr; }
  Status put_event(const Ref<Event>& event) override;
  Status put_object(const Ref<Object>& object) override;
  Status put_body(const sink::BodyPart& part) override;
  std::string locate(const Object& object) const override;
  Status flush(int timeout_ms) override;
  void close() override;

 private:
  Status outcome(const char* call, int result) const;

  qtap_sink_ops ops_;
  void* user_;
  std::string id_;
};

}  // namespace qtap::session
