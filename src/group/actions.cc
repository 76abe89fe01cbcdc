#include "group/actions.h"

#include <span>

namespace millrace::group {
namespace {

int16_t code(Errc error) {
  return error_info(error).kafka_code;
}

struct Refusal {
  Errc error;

  void operator()(kafka::JoinGroupResponse& response) const {
    const std::string_view member_id = response.member_id;
    response = {.error_code = code(error), .member_id = member_id};
  }
  void operator()(kafka::SyncGroupResponse& response) const {
    response = {.error_code = code(error)};
  }
  void operator()(kafka::HeartbeatResponse& response) const { response.error_code = code(error); }
  void operator()(kafka::LeaveGroupResponse& response) const {
    response = {.error_code = code(error)};
  }
  void operator()(kafka::OffsetCommitResponse& response) const { every_partition(response.topics); }
  void operator()(kafka::OffsetFetchResponse::Group& response) const {
    const std::string_view group_id = response.group_id;
    response = {.group_id = group_id, .error_code = code(error)};
  }
  void operator()(kafka::OffsetDeleteResponse& response) const {
    response = {.error_code = code(error)};
  }
  void operator()(kafka::DescribeGroupsResponse& response) const {
    for (auto& group : response.groups) {
      const std::string_view group_id = group.group_id;
      group = {.error_code = code(error), .group_id = group_id};
    }
  }
  void operator()(kafka::ListGroupsResponse& response) const {
    response = {.error_code = code(error)};
  }
  void operator()(kafka::DeleteGroupsResponse& response) const {
    for (auto& group : response.results) group.error_code = code(error);
  }

  template <class Topic>
  void every_partition(std::span<Topic> topics) const {
    for (Topic& topic : topics) {
      for (auto& partition : topic.partitions) partition.error_code = code(error);
    }
  }
};

}  // namespace

Errc coordinator_error(Errc append_error) {
  switch (append_error) {
    case Errc::kUnknownTopicOrPartition:
    case Errc::kNotEnoughReplicas:
    case Errc::kNotEnoughReplicasAfterAppend:
    case Errc::kRequestTimedOut:
    case Errc::kTimedOut:
      return Errc::kCoordinatorNotAvailable;
    case Errc::kNotLeaderOrFollower:
    case Errc::kKafkaStorageError:
    case Errc::kIo:
    case Errc::kDiskFull:
    case Errc::kOverloaded:
    case Errc::kCancelled:
      return Errc::kNotCoordinator;
    case Errc::kMessageTooLarge:
    case Errc::kRecordListTooLarge:
      return Errc::kUnknownServerError;
    default:
      return append_error;
  }
}

void refuse(Reply& reply, Errc error) {
  std::visit(Refusal{error}, reply.response);
}

}  // namespace millrace::group
