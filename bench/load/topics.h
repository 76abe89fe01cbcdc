// Topics: makes, removes and readies them before a measurement, and tells where they end.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "bench/load/conversation.h"

namespace millrace::bench {

struct TopicWish {
  std::string name;
  int32_t partitions = 1;
  std::vector<std::pair<std::string, std::string>> configs;
};

/// All in one request; those that exist already are taken as they are.
void create_topics(Conversation& with, const std::vector<TopicWish>& wishes);
void delete_topics(Conversation& with, const std::vector<std::string>& names);

/// "TOPIC_NAME: sentence" of a code from the wire.
std::string describe_code(int16_t kafka_code, std::string_view where);

/// One small record into each partition, again and again until each has acknowledged one. A broker
/// that has answered CreateTopics may still refuse records for a while; that is no part of a
/// measurement. Gives up after `give_up_ns` of the clock.
void ready_partitions(Conversation& with, const std::string& topic, int32_t partitions,
                      int64_t give_up_ns);
/// The same for one partition, once. Errors: what the broker answered.
Result<> produce_one(Conversation& with, const std::string& topic, int32_t partition);

/// The offset behind each partition's last record.
std::vector<Offset> end_offsets(Conversation& with, const std::string& topic, int32_t partitions);

}  // namespace millrace::bench
