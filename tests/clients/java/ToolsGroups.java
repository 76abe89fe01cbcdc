import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** Members of a group, each a VerifiableConsumer, which tells all it sees as JSON; Groups says what they must do. */
final class ToolsGroups {
    static void addTo(Protocol protocol) {
        protocol.add("group-eager", bootstrap -> Groups.eager(group(bootstrap, "group-eager", "RoundRobinAssignor")));
        protocol.add("group-cooperative", bootstrap -> Groups.cooperative(group(bootstrap, "group-cooperative", "CooperativeStickyAssignor")));
        protocol.add("group-static", bootstrap -> Groups.staticMembers(group(bootstrap, "group-static", "RangeAssignor")));
    }

    private static Groups.Group group(String bootstrap, String name, String assignor) throws Exception {
        return new Groups.Group(bootstrap, Tools.create(bootstrap, name, Groups.PARTITIONS), (topic, member, seat) -> {
            List<String> arguments = new ArrayList<>(List.of("--bootstrap-server", bootstrap, "--topic", topic, "--group-id", topic, "--verbose",
                "--reset-policy", "earliest", "--assignment-strategy", "org.apache.kafka.clients.consumer." + assignor));
            // Long enough for a Java machine to start while others do, short enough to wait for its end.
            if (seat != null) arguments.addAll(List.of("--group-instance-id", seat, "--session-timeout", "15000"));
            return new Member(arguments);
        });
    }

    private static final class Member extends Groups.Member {
        private final Tool.Running tool;

        Member(List<String> arguments) throws Exception {
            tool = new Tool.Running(this::heard, Tools.PACKAGE + "VerifiableConsumer", arguments.toArray(String[]::new));
        }

        @Override
        void close() throws Exception {
            tool.close();
        }

        @Override
        String ended() {
            return tool.ended();
        }

        private void heard(String line) {
            JsonNode event = Tool.json(line);
            switch (event.get("name").asText()) {
                case "partitions_assigned" -> changed(false, partitions(event));
                case "partitions_revoked" -> changed(true, partitions(event));
                case "record_data" -> consumed(event.get("partition").asInt(), event.get("value").asText());
                default -> { }
            }
        }

        private static List<Integer> partitions(JsonNode event) {
            List<Integer> numbers = new ArrayList<>();
            event.get("partitions").forEach(partition -> numbers.add(partition.get("partition").asInt()));
            return numbers;
        }
    }
}
