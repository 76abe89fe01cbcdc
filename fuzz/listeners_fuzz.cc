// The settings that are small languages of their own: listeners, addresses to advertise, limits by
// address, and a topic's settings as its logs take them. All of a file that was accepted before.
// Shape of an input: a server.properties.
#include "base/bytes.h"
#include "base/check.h"
#include "base/setting_values.h"
#include "broker/listeners.h"
#include "broker/log_settings.h"

namespace millrace::broker {
namespace {

void check_listeners(const Settings& settings) {
  const auto listeners = broker_listeners(settings);
  if (!listeners) {
    CHECK(listeners.error().code() == Errc::kInvalidSetting);
    CHECK(!listeners.error().detail().empty());
    return;
  }
  CHECK(!listeners->empty());
  for (const ListenerSpec& listener : *listeners) CHECK(!listener.name.empty());
}

void check_log_config(const Settings& settings) {
  const auto config = topic_log_config(TopicSettings(settings, {}));
  CHECK(config->segment_bytes > 0 && config->index_interval_bytes >= 0);
  CHECK(!config->retention_ms || config->retention_ms->ns >= 0);
  CHECK(config->file_delete_delay_ms.ns >= 0);
}

void run(Bytes input) {
  static const Settings* const kDefaults = new Settings;
  Settings settings = *kDefaults;
  if (!load_properties(settings, as_text(input), "server.properties")) return;
  check_listeners(settings);
  if (const auto limits = server_limits(settings); !limits) {
    CHECK(limits.error().code() == Errc::kInvalidSetting && !limits.error().detail().empty());
  }
  check_log_config(settings);
}

}  // namespace
}  // namespace millrace::broker

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  millrace::broker::run({data, size});
  return 0;
}
