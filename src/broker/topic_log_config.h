// A topic's settings as its logs want them: from names and texts to typed values.
#pragma once

#include <memory>

#include "base/setting_values.h"
#include "log/log_config.h"

namespace millrace::broker {

std::shared_ptr<const log::LogConfig> topic_log_config(const TopicSettings& topic);

}  // namespace millrace::broker
