/** The official command-line tools. What they cannot see themselves (records sent to a chosen partition) comes from the client. */
public final class Tools {
    static final String PACKAGE = "org.apache.kafka.tools.";

    public static void main(String[] arguments) {
        Protocol protocol = new Protocol();
        ToolsAdmin.addTo(protocol);
        ToolsRecords.addTo(protocol);
        ToolsReading.addTo(protocol);
        ToolsGroups.addTo(protocol);
        ToolsTrouble.addTo(protocol);
        protocol.run(arguments);
    }

    /** Creates a topic of this family with TopicCommand and returns its name. */
    static String create(String bootstrap, String name, int partitions, String... settings) throws Exception {
        String topic = "java-tools-" + name;
        java.util.List<String> arguments = new java.util.ArrayList<>(java.util.List.of("--bootstrap-server", bootstrap, "--create",
            "--topic", topic, "--partitions", "" + partitions, "--replication-factor", "1"));
        for (String setting : settings) arguments.addAll(java.util.List.of("--config", setting));
        String said = Tool.run(PACKAGE + "TopicCommand", arguments.toArray(String[]::new)).output();
        Protocol.expect("what TopicCommand says", "Created topic " + topic + ".", said.strip());
        try (org.apache.kafka.clients.admin.Admin admin = Session.admin(bootstrap)) {
            Session.awaitLeaders(admin, topic, partitions);
        }
        return topic;
    }
}
