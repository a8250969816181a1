// SPDX-License-Identifier: Apache-2.0
// Settings turned into the parts of a session.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "conn/tracked.h"
#include "model/settings.h"
#include "plugin/plugin.h"
#include "session/host.h"
#include "session/outlet.h"
#include "source/source.h"

namespace qtap::session {

// QTAP_ERR_INVALID: the recording would replace the one that is replayed. Looks at the files, which
// resolve() does not.
Status check_record_file(const Settings& settings);

using LogLine = std::function<void(const std::string& line)>;

// `debug` gets what libraries below us say, on the thread that starts and polls.
Result<std::unique_ptr<source::Source>> make_source(const Settings& settings, LogLine debug);

struct Plugins {
  std::vector<std::unique_ptr<plugin::Plugin>> list;  // of the stack, in order
  std::vector<std::string> warnings;                  // about their rules
};
// QTAP_ERR_INVALID, QTAP_ERR_LIMIT, QTAP_ERR_UNSUPPORTED: a rule or macro.
Result<Plugins> make_plugins(const Settings& settings);

conn::ConnOptions make_conn_options(const Settings& settings,
                                    const std::vector<std::unique_ptr<plugin::Plugin>>& plugins,
                                    const Host& host, const Outlet& outlet);

// The configured stores, which come beside those of the host program. `warn` may be called by
// threads of theirs.
Result<std::vector<sink::StorePlan>> make_sinks(const Settings& settings,
                                                const source::Origin& origin,
                                                sink::Console& console, const LogLine& warn);

Ref<Decoding> make_decoding(const Settings& settings);

sink::StoreOptions make_store_options(const Settings& settings, const DeliverySettings& delivery);

}  // namespace qtap::session
