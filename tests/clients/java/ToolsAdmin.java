import java.util.List;
import org.apache.kafka.clients.admin.Admin;

/** TopicCommand, ConfigCommand, ClusterTool, BrokerApiVersionsCommand, LogDirsCommand and ConsumerGroupCommand. */
final class ToolsAdmin {
    private static final String TOPICS = Tools.PACKAGE + "TopicCommand";
    private static final String GROUPS = Tools.PACKAGE + "consumer.group.ConsumerGroupCommand";

    static void addTo(Protocol protocol) {
        protocol.add("admin-topics", ToolsAdmin::topics);
        protocol.add("admin-partitions", ToolsAdmin::partitions);
        protocol.add("admin-config", ToolsAdmin::config);
        protocol.add("admin-cluster", ToolsAdmin::cluster);
        protocol.add("admin-log-dirs", ToolsAdmin::logDirs);
        protocol.add("admin-groups", ToolsAdmin::groups);
    }

    private static void topics(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "admin-topics", 3, "cleanup.policy=compact");
        Protocol.expect("the topic in the list", true, listed(bootstrap).contains(topic));
        List<String> described = Tool.run(TOPICS, "--bootstrap-server", bootstrap, "--describe", "--topic", topic).lines();
        Protocol.expect("lines of the description, a head and three partitions", 4, described.size());
        contains(described.get(0), "PartitionCount: 3", "ReplicationFactor: 1", "cleanup.policy=compact");
        String id = nodeId(bootstrap);
        contains(described.get(3), "Partition: 2", "Leader: " + id, "Replicas: " + id, "Isr: " + id);
        Tool.Result second = Tool.status("", TOPICS, "--bootstrap-server", bootstrap, "--create", "--topic", topic);
        Protocol.expect("status for a second topic of that name", 1, second.status());
        contains(second.output(), "already exists");
        Tool.run(TOPICS, "--bootstrap-server", bootstrap, "--delete", "--topic", topic);
        Protocol.eventually("the topic gone", () -> !listed(bootstrap).contains(topic));
    }

    private static String nodeId(String bootstrap) throws Exception {
        try (Admin admin = Session.admin(bootstrap)) {
            return admin.describeCluster().nodes().get().iterator().next().idString();
        }
    }

    private static List<String> listed(String bootstrap) {
        try {
            return Tool.run(TOPICS, "--bootstrap-server", bootstrap, "--list").lines();
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static void contains(String text, String... parts) {
        for (String part : parts) if (!text.contains(part)) Protocol.expect("what the tool says", "... " + part + " ...", text.strip());
    }

    private static void partitions(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "admin-partitions", 1);
        Tool.run(TOPICS, "--bootstrap-server", bootstrap, "--alter", "--topic", topic, "--partitions", "3");
        Session.send(bootstrap, List.of(Session.record(topic, 2, "to the new one")));
        List<String> offsets = Tool.run(Tools.PACKAGE + "GetOffsetShell", "--bootstrap-server", bootstrap, "--topic", topic).lines();
        Protocol.expect("the end of each partition", List.of(topic + ":0:0", topic + ":1:0", topic + ":2:1"), offsets);
    }

    private static void config(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "admin-config", 1);
        String[] alter = {"--bootstrap-server", bootstrap, "--alter", "--entity-type", "topics", "--entity-name", topic};
        contains(described(bootstrap, topic, "retention.ms"), "retention.ms=604800000 sensitive=false");
        Tool.run("kafka.admin.ConfigCommand", with(alter, "--add-config", "retention.ms=3600000"));
        contains(described(bootstrap, topic, "retention.ms"), "retention.ms=3600000", "synonyms={DYNAMIC_TOPIC_CONFIG:retention.ms=3600000");
        Tool.run("kafka.admin.ConfigCommand", with(alter, "--delete-config", "retention.ms"));
        contains(described(bootstrap, topic, "retention.ms"), "retention.ms=604800000 sensitive=false");
        String node = Tool.run("kafka.admin.ConfigCommand", "--bootstrap-server", bootstrap, "--describe", "--all", "--entity-type", "brokers",
            "--entity-name", nodeId(bootstrap)).output();
        contains(node, "num.partitions=6", "STATIC_BROKER_CONFIG:num.partitions=6", "DEFAULT_CONFIG:num.partitions=1");
    }

    private static String described(String bootstrap, String topic, String setting) throws Exception {
        return Tool.run("kafka.admin.ConfigCommand", "--bootstrap-server", bootstrap, "--describe", "--all", "--entity-type", "topics",
            "--entity-name", topic).lines().stream().filter(line -> line.contains(" " + setting + "=")).findFirst().orElse("nothing of " + setting);
    }

    private static String[] with(String[] arguments, String... more) {
        String[] all = java.util.Arrays.copyOf(arguments, arguments.length + more.length);
        System.arraycopy(more, 0, all, arguments.length, more.length);
        return all;
    }

    private static void cluster(String bootstrap) throws Exception {
        String id = Tool.run(Tools.PACKAGE + "ClusterTool", "cluster-id", "--bootstrap-server", bootstrap).output();
        Protocol.expect("a cluster id", true, id.strip().matches("Cluster ID: \\S{22}"));
        String versions = Tool.run(Tools.PACKAGE + "BrokerApiVersionsCommand", "--bootstrap-server", bootstrap).output();
        contains(versions, bootstrap + " (id: ", "Produce(0): 0 to 13 [usable: 13]", "JoinGroup(11): 0 to 9 [usable: 9]", "ApiVersions(18): 0 to 4 [usable: 4]");
    }

    private static void logDirs(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "admin-log-dirs", 1);
        Session.send(bootstrap, List.of(Session.record(topic, 0, "x".repeat(5000))));
        List<String> said = Tool.run(Tools.PACKAGE + "LogDirsCommand", "--bootstrap-server", bootstrap, "--describe", "--topic-list", topic).lines();
        var replica = Tool.json(said.get(said.size() - 1)).at("/brokers/0/logDirs/0/partitions/0");
        Protocol.expect("the replica", topic + "-0", replica.get("partition").asText());
        Protocol.expect("its bytes, 5000 and a little", true, 5000 < replica.get("size").asLong() && replica.get("size").asLong() < 5200);
    }

    private static void groups(String bootstrap) throws Exception {
        String kept = Tools.create(bootstrap, "admin-groups-kept", 1);
        String forgotten = Tools.create(bootstrap, "admin-groups-forgotten", 1);
        String group = "java-tools-admin-groups";
        for (String topic : List.of(kept, forgotten)) {
            Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--group", group, "--topic", topic, "--reset-offsets", "--to-latest", "--execute");
        }
        Protocol.expect("the group in the list", true, Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--list").lines().contains(group));
        contains(Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--describe", "--group", group, "--state").output(), "Empty");
        contains(Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--describe", "--group", group).output(), kept, forgotten);
        Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--delete-offsets", "--group", group, "--topic", forgotten);
        String left = Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--describe", "--group", group).output();
        Protocol.expect("offsets kept and forgotten", List.of(true, false), List.of(left.contains(kept), left.contains(forgotten)));
        Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--delete", "--group", group);
        Protocol.expect("the group in the list", false, Tool.run(GROUPS, "--bootstrap-server", bootstrap, "--list").lines().contains(group));
    }
}
