import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** ConsoleConsumer's ways to start, GetOffsetShell, and ConsumerGroupCommand's resets. */
final class ToolsReading {
    static void addTo(Protocol protocol) {
        protocol.add("from-beginning", ToolsReading::fromBeginning);
        protocol.add("from-end", ToolsReading::fromEnd);
        protocol.add("from-offset", ToolsReading::fromOffset);
        protocol.add("from-timestamp", ToolsReading::fromTimestamp);
        protocol.add("offsets-commit", ToolsReading::offsetsCommit);
        protocol.add("offsets-reset", ToolsReading::offsetsReset);
    }

    static String numbered(String bootstrap, String name) throws Exception {
        String topic = Tools.create(bootstrap, name, 1);
        ToolsRecords.produce(bootstrap, topic, ClientReading.numbers(0, 10));
        return topic;
    }

    private static void fromBeginning(String bootstrap) throws Exception {
        String topic = numbered(bootstrap, "from-beginning");
        Protocol.expect("the records", ClientReading.numbers(0, 10), ToolsRecords.consume(bootstrap, topic, 10, "--from-beginning"));
    }

    private static void fromEnd(String bootstrap) throws Exception {
        String topic = numbered(bootstrap, "from-end");
        List<String> seen = new CopyOnWriteArrayList<>();
        try (Tool.Running consumer = new Tool.Running(seen::add, Tools.PACKAGE + "consumer.ConsoleConsumer", "--bootstrap-server", bootstrap,
                "--topic", topic, "--partition", "0", "--offset", "latest")) {
            // The tool does not say when it has found the end, so records are sent until one is seen.
            int[] sent = {10};
            Protocol.eventually("a first record", () -> {
                send(bootstrap, topic, sent[0]++);
                return !seen.isEmpty();
            });
            int first = Integer.parseInt(seen.get(0));
            Protocol.expect("the first record, sent after the start", true, first >= 10);
            for (int i = 0; i < 5; i++) send(bootstrap, topic, sent[0]++);
            Protocol.eventually("the rest", () -> seen.size() >= sent[0] - first);
            Protocol.expect("the records", ClientReading.numbers(first, sent[0]), seen);
        }
    }

    private static void send(String bootstrap, String topic, int number) {
        try {
            Session.send(bootstrap, List.of(Session.record(topic, 0, "" + number)));
        } catch (Exception error) {
            throw new IllegalStateException(error);
        }
    }

    private static void fromOffset(String bootstrap) throws Exception {
        String topic = numbered(bootstrap, "from-offset");
        Protocol.expect("the records", ClientReading.numbers(7, 10), ToolsRecords.consume(bootstrap, topic, 3, "--partition", "0", "--offset", "7"));
    }

    private static void fromTimestamp(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "from-timestamp", 1);
        long base = System.currentTimeMillis() - 3_600_000;
        for (int i = 0; i < 10; i++) {
            Session.send(bootstrap, List.of(new org.apache.kafka.clients.producer.ProducerRecord<>(topic, 0, base + 1000 * i, null, ("" + i).getBytes())));
        }
        Protocol.expect("a time between two records", topic + ":0:5", offset(bootstrap, topic, base + 4500));
        Protocol.expect("a record's own time", topic + ":0:5", offset(bootstrap, topic, base + 5000));
        Protocol.expect("a time before the first", topic + ":0:0", offset(bootstrap, topic, base - 1));
        Protocol.expect("a time after the last", "", offset(bootstrap, topic, base + 9001));
        Protocol.expect("the beginning, the end and the newest time", List.of(topic + ":0:0", topic + ":0:10", topic + ":0:9"),
            List.of(offset(bootstrap, topic, "earliest"), offset(bootstrap, topic, "latest"), offset(bootstrap, topic, "max-timestamp")));
        List<String> got = ToolsRecords.consume(bootstrap, topic, 5, "--partition", "0", "--offset", "5", "--formatter-property", "print.timestamp=true");
        Protocol.expect("the timestamps", java.util.stream.IntStream.range(5, 10).mapToObj(i -> "CreateTime:" + (base + 1000 * i) + "\t" + i).toList(), got);
    }

    private static String offset(String bootstrap, String topic, Object time) throws Exception {
        return Tool.run(Tools.PACKAGE + "GetOffsetShell", "--bootstrap-server", bootstrap, "--topic", topic, "--time", "" + time).output().strip();
    }

    private static void offsetsCommit(String bootstrap) throws Exception {
        String topic = numbered(bootstrap, "offsets-commit");
        Protocol.expect("the first four", ClientReading.numbers(0, 4), ToolsRecords.consume(bootstrap, topic, 4, "--group", topic, "--from-beginning"));
        Protocol.expect("committed offset, end and lag", List.of("4", "10", "6"), described(bootstrap, topic));
        Protocol.expect("where the next member starts", ClientReading.numbers(4, 10), ToolsRecords.consume(bootstrap, topic, 6, "--group", topic));
    }

    private static void offsetsReset(String bootstrap) throws Exception {
        String topic = numbered(bootstrap, "offsets-reset");
        ToolsRecords.consume(bootstrap, topic, 10, "--group", topic, "--from-beginning");
        Protocol.expect("committed offset, end and lag", List.of("10", "10", "0"), described(bootstrap, topic));
        Tool.run(Tools.PACKAGE + "consumer.group.ConsumerGroupCommand", "--bootstrap-server", bootstrap, "--group", topic, "--topic", topic,
            "--reset-offsets", "--to-offset", "3", "--execute");
        Protocol.expect("where the next member starts", ClientReading.numbers(3, 10), ToolsRecords.consume(bootstrap, topic, 7, "--group", topic));
    }

    private static List<String> described(String bootstrap, String group) throws Exception {
        String line = Tool.run(Tools.PACKAGE + "consumer.group.ConsumerGroupCommand", "--bootstrap-server", bootstrap, "--describe", "--group", group)
            .lines().stream().filter(each -> each.startsWith(group)).findFirst().orElse("");
        List<String> columns = List.of(line.split("\\s+"));
        return columns.size() < 6 ? columns : columns.subList(3, 6);
    }
}
