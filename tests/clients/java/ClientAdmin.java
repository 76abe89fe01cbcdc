import static java.util.stream.Collectors.toMap;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.ListGroupsOptions;
import org.apache.kafka.clients.admin.LogDirDescription;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.GroupState;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.errors.TopicExistsException;

/** Topics, settings, cluster, log directories and groups, by the admin client. */
final class ClientAdmin {
    static void addTo(Protocol protocol) {
        protocol.add("admin-topics", ClientAdmin::topics);
        protocol.add("admin-partitions", ClientAdmin::partitions);
        protocol.add("admin-config", ClientAdmin::config);
        protocol.add("admin-cluster", ClientAdmin::cluster);
        protocol.add("admin-log-dirs", ClientAdmin::logDirs);
        protocol.add("admin-groups", ClientAdmin::groups);
    }

    private static void topics(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "admin-topics", 3, Map.of());
        try (Admin admin = Session.admin(bootstrap)) {
            Protocol.eventually("the topic in the list", () -> listed(admin).contains(topic));
            TopicDescription described = admin.describeTopics(List.of(topic)).allTopicNames().get().get(topic);
            Protocol.expect("partition, replicas and in-sync replicas", List.of("0 1 1", "1 1 1", "2 1 1"),
                described.partitions().stream().map(p -> p.partition() + " " + p.replicas().size() + " " + p.isr().size()).toList());
            Protocol.expect("the topic by its id", topic, admin.describeTopics(
                org.apache.kafka.common.TopicCollection.ofTopicIds(List.of(described.topicId()))).allTopicIds().get().get(described.topicId()).name());
            try {
                admin.createTopics(List.of(new NewTopic(topic, 1, (short) 1))).all().get();
                throw new Protocol.Failure("a second topic of that name, expected a refusal, got none");
            } catch (ExecutionException refused) {
                Protocol.expect("the refusal", TopicExistsException.class, refused.getCause().getClass());
            }
            admin.deleteTopics(List.of(topic)).all().get();
            Protocol.eventually("the topic gone", () -> !listed(admin).contains(topic));
        }
    }

    private static Set<String> listed(Admin admin) {
        return admin.listTopics().names().toCompletionStage().toCompletableFuture().join();
    }

    private static void partitions(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "admin-partitions");
        try (Admin admin = Session.admin(bootstrap)) {
            admin.createPartitions(Map.of(topic, NewPartitions.increaseTo(3))).all().get();
        }
        Session.send(bootstrap, List.of(Session.record(topic, 2, "to the new one")));
        Protocol.expect("the record in the new partition", List.of("to the new one"), Session.values(Session.read(bootstrap, topic, 2, 1)));
    }

    private static void config(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "admin-config", 1, Map.of("cleanup.policy", "compact"));
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        try (Admin admin = Session.admin(bootstrap)) {
            Protocol.expect("a setting given at creation", "compact DYNAMIC_TOPIC_CONFIG", setting(admin, resource, "cleanup.policy"));
            Protocol.expect("the default", "604800000 DEFAULT_CONFIG", setting(admin, resource, "retention.ms"));
            ConfigEntry hour = new ConfigEntry("retention.ms", "3600000");
            admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(hour, AlterConfigOp.OpType.SET)))).all().get();
            Protocol.eventually("the new value", () -> setting(admin, resource, "retention.ms").equals("3600000 DYNAMIC_TOPIC_CONFIG"));
            admin.incrementalAlterConfigs(Map.of(resource, List.of(new AlterConfigOp(hour, AlterConfigOp.OpType.DELETE)))).all().get();
            Protocol.eventually("the default again", () -> setting(admin, resource, "retention.ms").equals("604800000 DEFAULT_CONFIG"));
        }
    }

    private static String setting(Admin admin, ConfigResource resource, String name) {
        ConfigEntry found = admin.describeConfigs(List.of(resource)).all().toCompletionStage().toCompletableFuture().join().get(resource).get(name);
        return found.value() + " " + found.source();
    }

    private static void cluster(String bootstrap) throws Exception {
        try (Admin admin = Session.admin(bootstrap)) {
            DescribeClusterResult cluster = admin.describeCluster();
            Protocol.expect("a cluster id", false, cluster.clusterId().get().isEmpty());
            Protocol.expect("the brokers", List.of(bootstrap), cluster.nodes().get().stream().map(n -> n.host() + ":" + n.port()).toList());
            Protocol.expect("the controller", cluster.nodes().get().iterator().next(), cluster.controller().get());
        }
    }

    private static void logDirs(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "admin-log-dirs");
        Session.send(bootstrap, List.of(Session.record(topic, 0, "x".repeat(5000))));
        try (Admin admin = Session.admin(bootstrap)) {
            int broker = admin.describeCluster().nodes().get().iterator().next().id();
            long size = 0;
            for (LogDirDescription dir : admin.describeLogDirs(List.of(broker)).allDescriptions().get().get(broker).values()) {
                var replica = dir.replicaInfos().get(new TopicPartition(topic, 0));
                if (replica != null) size += replica.size();
            }
            Protocol.expect("the replica's bytes, 5000 and a little", true, 5000 < size && size < 5200);
        }
    }

    private static void groups(String bootstrap) throws Exception {
        TopicPartition kept = new TopicPartition(Session.create(bootstrap, "admin-groups-kept"), 0);
        TopicPartition forgotten = new TopicPartition(Session.create(bootstrap, "admin-groups-forgotten"), 0);
        String group = "java-admin-groups";
        try (Admin admin = Session.admin(bootstrap)) {
            admin.alterConsumerGroupOffsets(group, Map.of(kept, new OffsetAndMetadata(0, "note"), forgotten, new OffsetAndMetadata(0))).all().get();
            Protocol.expect("the group in the list", 1L, listedGroups(admin, group));
            ConsumerGroupDescription described = admin.describeConsumerGroups(List.of(group)).all().get().get(group);
            Protocol.expect("its state", GroupState.EMPTY, described.groupState());
            Protocol.expect("its members", 0, described.members().size());
            admin.deleteConsumerGroupOffsets(group, Set.of(forgotten)).all().get();
            Map<TopicPartition, OffsetAndMetadata> offsets = admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get();
            Protocol.expect("the offsets that are left", Map.of(kept, "0 note"), offsets.entrySet().stream()
                .collect(toMap(Map.Entry::getKey, each -> each.getValue().offset() + " " + each.getValue().metadata())));
            admin.deleteConsumerGroups(List.of(group)).all().get();
            Protocol.expect("the group gone", 0L, listedGroups(admin, group));
        }
    }

    private static long listedGroups(Admin admin, String group) throws Exception {
        return admin.listGroups(new ListGroupsOptions()).all().get().stream().filter(each -> each.groupId().equals(group)).count();
    }
}
