import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.LongStream;

/** DeleteRecordsCommand, and a broker killed under a VerifiableProducer and a VerifiableConsumer. */
final class ToolsTrouble {
    static void addTo(Protocol protocol) {
        protocol.add("delete-records", ToolsTrouble::deleteRecords);
        protocol.add("restart", ToolsTrouble::restart);
    }

    private static void deleteRecords(String bootstrap) throws Exception {
        String topic = ToolsReading.numbered(bootstrap, "delete-records");
        Path file = Files.createTempFile("delete-records", ".json");
        try {
            Files.writeString(file, "{\"version\": 1, \"partitions\": [{\"topic\": \"" + topic + "\", \"partition\": 0, \"offset\": 6}]}");
            String said = Tool.run(Tools.PACKAGE + "DeleteRecordsCommand", "--bootstrap-server", bootstrap, "--offset-json-file", file.toString()).output();
            Protocol.expect("the new start", true, said.contains("low_watermark: 6"));
        } finally {
            Files.delete(file);
        }
        Protocol.expect("the beginning", topic + ":0:6", Tool.run(Tools.PACKAGE + "GetOffsetShell", "--bootstrap-server", bootstrap, "--topic", topic,
            "--time", "earliest").output().strip());
        Protocol.expect("the records left", ClientReading.numbers(6, 10), ToolsRecords.consume(bootstrap, topic, 4, "--from-beginning"));
    }

    private static void restart(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "restart", 1);
        List<Long> acknowledged = new CopyOnWriteArrayList<>();
        List<String> errors = new CopyOnWriteArrayList<>();
        List<String> seen = new CopyOnWriteArrayList<>();
        Path retrying = Files.createTempFile("retrying", ".properties");  // by itself this tool never retries
        Files.writeString(retrying, "retries=2147483647\nenable.idempotence=true\n");
        try (Tool.Running consumer = new Tool.Running(line -> {
                JsonNode event = Tool.json(line);
                if (ToolsRecords.is(event, "record_data")) seen.add(event.get("value").asText());
            }, Tools.PACKAGE + "VerifiableConsumer", "--bootstrap-server", bootstrap, "--topic", topic, "--group-id", topic, "--verbose",
            "--reset-policy", "earliest")) {
            try (Tool.Running producer = new Tool.Running(line -> {
                    JsonNode event = Tool.json(line);
                    if (ToolsRecords.is(event, "producer_send_success")) acknowledged.add(event.get("offset").asLong());
                    if (ToolsRecords.is(event, "producer_send_error")) errors.add(line);
                }, Tools.PACKAGE + "VerifiableProducer", "--bootstrap-server", bootstrap, "--topic", topic, "--throughput", "500", "--acks", "-1",
                "--command-config", retrying.toString())) {
                Protocol.eventually("records before the restart", () -> seen.size() >= 200);
                Protocol.restartBroker();
                int after = acknowledged.size() + 200;
                Protocol.eventually("records acknowledged by the new broker", () -> acknowledged.size() > after);
            }
            Protocol.expect("delivery errors", List.of(), errors);
            Protocol.expect("the acknowledged offsets", LongStream.range(0, acknowledged.size()).boxed().toList(), acknowledged);
            Protocol.eventually("every record consumed", () -> seen.size() >= acknowledged.size());
            Protocol.expect("what the consumer saw across the restart", ClientReading.numbers(0, acknowledged.size()), seen);
        } finally {
            Files.delete(retrying);
        }
        Protocol.expect("what the log holds", ClientReading.numbers(0, acknowledged.size()),
            ToolsRecords.consume(bootstrap, topic, acknowledged.size(), "--from-beginning"));
    }
}
