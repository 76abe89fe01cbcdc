// Topics, settings, cluster and groups, by the admin requests of this release.
#include "session.h"

namespace {

// The partitions of a topic as "id replicas in-sync-replicas", or nothing if it is not listed.
std::vector<std::string> listed(rd_kafka_t* client, const std::string& topic) {
  Metadata found = metadata(client);
  std::vector<std::string> partitions;
  for (int t = 0; t < found->topic_cnt; ++t) {
    if (topic != found->topics[t].topic) continue;
    for (int p = 0; p < found->topics[t].partition_cnt; ++p) {
      const auto& each = found->topics[t].partitions[p];
      partitions.push_back(said(each.id) + " " + said(each.replica_cnt) + " " + said(each.isr_cnt));
    }
  }
  return partitions;
}

void topics(const std::string& bootstrap) {
  const std::string topic = create(bootstrap, "admin-topics", 3);
  Client admin = admin_client(bootstrap);
  expect("partition, replicas and in-sync replicas", {"0 1 1", "1 1 1", "2 1 1"},
         listed(admin.get(), topic));
  expect("a second topic of that name", RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS,
         create_topic(admin.get(), topic, 1, {}));
  Held<rd_kafka_DeleteTopic_t, rd_kafka_DeleteTopic_destroy> wanted(
      rd_kafka_DeleteTopic_new(topic.c_str()));
  rd_kafka_DeleteTopic_t* doomed[] = {wanted.get()};
  admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteTopics(admin.get(), doomed, 1, nullptr, queue);
  });
  eventually("the topic gone", [&] { return listed(admin.get(), topic).empty(); });
}

void partitions(const std::string& bootstrap) {
  const std::string topic = create(bootstrap, "admin-partitions");
  Client admin = admin_client(bootstrap);
  char error[512];
  Held<rd_kafka_NewPartitions_t, rd_kafka_NewPartitions_destroy> wanted(
      rd_kafka_NewPartitions_new(topic.c_str(), 3, error, sizeof error));
  rd_kafka_NewPartitions_t* grown[] = {wanted.get()};
  admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_CreatePartitions(admin.get(), grown, 1, nullptr, queue);
  });
  eventually("three partitions", [&] { return listed(admin.get(), topic).size() == 3; });
  send(bootstrap, topic, {{.partition = 2, .value = "to the new one"}});
  expect("the record in the new partition", {"to the new one"},
         values(read(bootstrap, topic, 1, 2)));
}

using Resource = Held<rd_kafka_ConfigResource_t, rd_kafka_ConfigResource_destroy>;

Resource topic_resource(const std::string& topic) {
  return Resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
}

// "value source" of one setting.
std::string setting(rd_kafka_t* admin, const std::string& topic, const std::string& name) {
  Resource resource = topic_resource(topic);
  rd_kafka_ConfigResource_t* asked[] = {resource.get()};
  Event answer = admin_answer(admin, [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConfigs(admin, asked, 1, nullptr, queue);
  });
  size_t count = 0;
  auto resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  auto entries = rd_kafka_ConfigResource_configs(resources[0], &count);
  for (size_t i = 0; i < count; ++i)
    if (name == rd_kafka_ConfigEntry_name(entries[i]))
      return std::string(rd_kafka_ConfigEntry_value(entries[i])) + " " +
             rd_kafka_ConfigSource_name(rd_kafka_ConfigEntry_source(entries[i]));
  return "nothing of that name";
}

// The old request: what is not named goes back to its default.
void alter(rd_kafka_t* admin, const std::string& topic, const Settings& settings) {
  Resource resource = topic_resource(topic);
  for (const auto& [name, value] : settings)
    rd_kafka_ConfigResource_set_config(resource.get(), name.c_str(), value.c_str());
  rd_kafka_ConfigResource_t* changed[] = {resource.get()};
  Event answer = admin_answer(admin, [&](rd_kafka_queue_t* queue) {
    rd_kafka_AlterConfigs(admin, changed, 1, nullptr, queue);
  });
  size_t count = 0;
  auto resources = rd_kafka_AlterConfigs_result_resources(
      rd_kafka_event_AlterConfigs_result(answer.get()), &count);
  check(rd_kafka_ConfigResource_error(resources[0]), "altering a setting");
}

void config(const std::string& bootstrap) {
  const std::string topic = create(bootstrap, "admin-config", 1, {{"cleanup.policy", "compact"}});
  Client admin = admin_client(bootstrap);
  auto is = [&](const std::string& name, const std::string& expected) {
    return [&, name, expected] { return setting(admin.get(), topic, name) == expected; };
  };
  expect<std::string>("a setting given at creation", "compact DYNAMIC_TOPIC_CONFIG",
                      setting(admin.get(), topic, "cleanup.policy"));
  expect<std::string>("the default", "604800000 DEFAULT_CONFIG",
                      setting(admin.get(), topic, "retention.ms"));
  alter(admin.get(), topic, {{"retention.ms", "3600000"}});
  eventually("the new value", is("retention.ms", "3600000 DYNAMIC_TOPIC_CONFIG"));
  eventually("the default of what was left out", is("cleanup.policy", "delete DEFAULT_CONFIG"));
  alter(admin.get(), topic, {{"cleanup.policy", "compact"}});
  eventually("the default again", is("retention.ms", "604800000 DEFAULT_CONFIG"));
}

void cluster(const std::string& bootstrap) {
  Client client = admin_client(bootstrap);
  Held<char, free> id(rd_kafka_clusterid(client.get(), kPatienceMs));
  expect("a cluster id", true, id && *id);
  Metadata found = metadata(client.get());
  std::vector<std::string> brokers;
  brokers.reserve(size_t(found->broker_cnt));
  for (int i = 0; i < found->broker_cnt; ++i)
    brokers.push_back(found->brokers[i].host + (":" + said(found->brokers[i].port)));
  expect("the brokers", {bootstrap}, brokers);
  expect("the controller", found->brokers[0].id, rd_kafka_controllerid(client.get(), kPatienceMs));
}

using GroupOffsets =
    Held<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy>;

void groups(const std::string& bootstrap) {
  const std::string kept = create(bootstrap, "admin-groups-kept"),
                    forgotten = create(bootstrap, "admin-groups-forgotten");
  const char* group = "librdkafka-admin-groups";
  Client admin = admin_client(bootstrap);
  auto is_listed = [&] {
    Event answer = admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
      rd_kafka_ListConsumerGroups(admin.get(), nullptr, queue);
    });
    size_t count = 0;
    auto all = rd_kafka_ListConsumerGroups_result_valid(
        rd_kafka_event_ListConsumerGroups_result(answer.get()), &count);
    for (size_t i = 0; i < count; ++i)
      if (!std::string(group).compare(rd_kafka_ConsumerGroupListing_group_id(all[i]))) return true;
    return false;
  };

  Partitions offsets = one_partition(kept, 0, 0);
  rd_kafka_topic_partition_list_add(offsets.get(), forgotten.c_str(), 0)->offset = 0;
  GroupOffsets wanted(rd_kafka_AlterConsumerGroupOffsets_new(group, offsets.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* altered[] = {wanted.get()};
  admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_AlterConsumerGroupOffsets(admin.get(), altered, 1, nullptr, queue);
  });
  expect("the group in the list", true, is_listed());

  const char* asked[] = {group};
  Event described = admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_DescribeConsumerGroups(admin.get(), asked, 1, nullptr, queue);
  });
  size_t count = 0;
  auto description = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(described.get()), &count)[0];
  expect("its state", RD_KAFKA_CONSUMER_GROUP_STATE_EMPTY,
         rd_kafka_ConsumerGroupDescription_state(description));
  expect<size_t>("its members", 0, rd_kafka_ConsumerGroupDescription_member_count(description));

  Held<rd_kafka_DeleteConsumerGroupOffsets_t, rd_kafka_DeleteConsumerGroupOffsets_destroy> forget(
      rd_kafka_DeleteConsumerGroupOffsets_new(group, one_partition(forgotten, 0).get()));
  rd_kafka_DeleteConsumerGroupOffsets_t* dropped[] = {forget.get()};
  admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteConsumerGroupOffsets(admin.get(), dropped, 1, nullptr, queue);
  });
  Held<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy> list(
      rd_kafka_ListConsumerGroupOffsets_new(group, nullptr));
  rd_kafka_ListConsumerGroupOffsets_t* left[] = {list.get()};
  Event answer = admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_ListConsumerGroupOffsets(admin.get(), left, 1, nullptr, queue);
  });
  auto result = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(answer.get()), &count)[0];
  auto remaining = rd_kafka_group_result_partitions(result);
  expect("the number of offsets left", 1, remaining->cnt);
  expect<std::string>("the offset left", kept + " 0",
                      remaining->elems[0].topic + (" " + said(remaining->elems[0].offset)));

  Held<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy> end(rd_kafka_DeleteGroup_new(group));
  rd_kafka_DeleteGroup_t* ended[] = {end.get()};
  admin_answer(admin.get(), [&](rd_kafka_queue_t* queue) {
    rd_kafka_DeleteGroups(admin.get(), ended, 1, nullptr, queue);
  });
  expect("the group in the list", false, is_listed());
}

}  // namespace

void add_admin(Program& program) {
  program.scenarios["admin-topics"] = topics;
  program.scenarios["admin-partitions"] = partitions;
  program.scenarios["admin-config"] = config;
  program.scenarios["admin-cluster"] = cluster;
  program.scenarios["admin-groups"] = groups;
  program.cannot["admin-log-dirs"] = "librdkafka has no request for log directories";
}
