// The limits and periods a shard works with. Not parsing of settings: the host fills this in, from
// the settings whose Kafka names stand beside the fields.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/time.h"

namespace millrace::group {

struct Config {
  Duration session_timeout_min = seconds(6);            ///< group.min.session.timeout.ms
  Duration session_timeout_max = seconds(30 * 60);      ///< group.max.session.timeout.ms
  Duration initial_rebalance_delay = seconds(3);        ///< group.initial.rebalance.delay.ms
  int32_t group_size_max = INT32_MAX;                   ///< group.max.size; members
  Duration offsets_retention = seconds(7 * 24 * 3600);  ///< offsets.retention.minutes
  Duration retention_check_interval = seconds(600);     ///< offsets.retention.check.interval.ms
  int32_t offset_metadata_max = 4096;  ///< offset.metadata.max.bytes; UTF-16 units, as Kafka counts

  /// What one record may take, key and value together: the offsets topic's max.message.bytes less
  /// the headers of batch and record. A generation that does not fit is refused to its leader.
  size_t record_bytes_max = 1'048'588 - 200;

  /// A member that joined has this long to join again or to get its generation: nobody can tell
  /// whether the client behind a parked first join still lives. As long as Kafka's.
  Duration new_member_join_timeout = seconds(300);

  // Bounds of our own; Kafka has none. Far above what a healthy client reaches.
  size_t groups_max = 100'000;           ///< in one shard
  size_t pending_members_max = 10'000;   ///< ids handed out in one group and not used yet
  size_t member_id_client_id_max = 255;  ///< bytes of the client id that go into a member id
};

}  // namespace millrace::group
