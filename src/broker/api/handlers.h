// The handlers of api.cc's rows. Each is defined, and described, in the file of its number.
#pragma once

#include "runtime/task.h"

namespace millrace::broker {

class Request;

runtime::Task<> handle_produce(Request* request);
runtime::Task<> handle_fetch(Request* request);
runtime::Task<> handle_list_offsets(Request* request);
runtime::Task<> handle_metadata(Request* request);
runtime::Task<> handle_offset_commit(Request* request);
runtime::Task<> handle_offset_fetch(Request* request);
runtime::Task<> handle_find_coordinator(Request* request);
runtime::Task<> handle_join_group(Request* request);
runtime::Task<> handle_heartbeat(Request* request);
runtime::Task<> handle_leave_group(Request* request);
runtime::Task<> handle_sync_group(Request* request);
runtime::Task<> handle_describe_groups(Request* request);
runtime::Task<> handle_list_groups(Request* request);
runtime::Task<> handle_api_versions(Request* request);
runtime::Task<> handle_create_topics(Request* request);
runtime::Task<> handle_delete_topics(Request* request);
runtime::Task<> handle_delete_records(Request* request);
runtime::Task<> handle_init_producer_id(Request* request);
runtime::Task<> handle_offset_for_leader_epoch(Request* request);
runtime::Task<> handle_describe_configs(Request* request);
runtime::Task<> handle_alter_configs(Request* request);
runtime::Task<> handle_describe_log_dirs(Request* request);
runtime::Task<> handle_create_partitions(Request* request);
runtime::Task<> handle_delete_groups(Request* request);
runtime::Task<> handle_incremental_alter_configs(Request* request);
runtime::Task<> handle_offset_delete(Request* request);
runtime::Task<> handle_describe_cluster(Request* request);
runtime::Task<> handle_list_config_resources(Request* request);
runtime::Task<> handle_describe_topic_partitions(Request* request);

}  // namespace millrace::broker
