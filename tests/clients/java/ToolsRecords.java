import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** ConsoleProducer to ConsoleConsumer, VerifiableProducer for acknowledgements, ProducerPerformance for many small batches. */
final class ToolsRecords {
    private static final List<String> VALUES = IntStream.range(0, 200)
        .mapToObj(i -> String.format("%05d ", i) + "the mill turns ".repeat(20)).toList();

    static void addTo(Protocol protocol) {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            protocol.add("codec-" + codec, bootstrap -> codec(codec, bootstrap));
        }
        protocol.add("acks-0", bootstrap -> acks("0", "0", bootstrap));
        protocol.add("acks-1", bootstrap -> acks("1", "1", bootstrap));
        protocol.add("acks-all", bootstrap -> acks("all", "-1", bootstrap));
        protocol.add("idempotence", ToolsRecords::idempotence);
        protocol.add("headers", bootstrap -> shape("headers", bootstrap, "parse.headers=true", "first:1,twice:a,twice:b,empty:\tv",
            "first:1,twice:a,twice:b,empty:\tnull\tv"));
        protocol.add("null-key", bootstrap -> shape("null-key", bootstrap, "parse.key=true", "NULL\tv", "NO_HEADERS\tnull\tv"));
        protocol.add("null-value", bootstrap -> shape("null-value", bootstrap, "parse.key=true", "k\tNULL", "NO_HEADERS\tk\tnull"));
        protocol.add("empty-value", bootstrap -> shape("empty-value", bootstrap, "parse.key=true", "k\t", "NO_HEADERS\tk\t"));
        protocol.add("large-record", ToolsRecords::largeRecord);
        protocol.add("oversized-record", ToolsRecords::oversizedRecord);
    }

    static void produce(String bootstrap, String topic, List<String> lines, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--bootstrap-server", bootstrap, "--topic", topic));
        arguments.addAll(List.of(more));
        Tool.fed(String.join("\n", lines) + "\n", Tools.PACKAGE + "ConsoleProducer", arguments.toArray(String[]::new));
    }

    static List<String> consume(String bootstrap, String topic, int count, String... more) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("--bootstrap-server", bootstrap, "--topic", topic, "--max-messages", "" + count,
            "--timeout-ms", "" + Protocol.PATIENCE_MS));
        arguments.addAll(List.of(more));
        return Tool.run(Tools.PACKAGE + "consumer.ConsoleConsumer", arguments.toArray(String[]::new)).lines();
    }

    private static void codec(String codec, String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "codec-" + codec, 1);
        produce(bootstrap, topic, VALUES, "--compression-codec", codec);
        Protocol.expect("the records", VALUES, consume(bootstrap, topic, VALUES.size(), "--from-beginning"));
    }

    private static void acks(String name, String acks, String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "acks-" + name, 1);
        List<Long> acknowledged = new CopyOnWriteArrayList<>();
        try (Tool.Running producer = new Tool.Running(line -> {
                JsonNode event = Tool.json(line);
                if (is(event, "producer_send_success")) acknowledged.add(event.get("offset").asLong());
            }, Tools.PACKAGE + "VerifiableProducer", "--bootstrap-server", bootstrap, "--topic", topic, "--max-messages", "100", "--acks", acks)) {
            producer.join();
        }
        List<Long> offsets = name.equals("0") ? Collections.nCopies(100, -1L) : LongStream.range(0, 100).boxed().toList();
        Protocol.expect("the acknowledged offsets", offsets, acknowledged);
        Protocol.expect("the records", ClientReading.numbers(0, 100), consume(bootstrap, topic, 100, "--from-beginning"));
    }

    static boolean is(JsonNode event, String name) {
        return event.path("name").asText().equals(name);
    }

    private static void idempotence(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "idempotence", 1);
        String said = Tool.run(Tools.PACKAGE + "ProducerPerformance", "--bootstrap-server", bootstrap, "--topic", topic, "--num-records", "3000",
            "--payload-monotonic", "--throughput", "-1", "--command-property", "enable.idempotence=true", "acks=all", "batch.size=200").output();
        Protocol.expect("records sent", true, said.startsWith("3000 records sent"));
        Protocol.expect("the records", ClientReading.numbers(0, 3000), consume(bootstrap, topic, 3000, "--from-beginning"));
    }

    /** One line for the producer, one from the consumer: headers, key, value. */
    private static void shape(String name, String bootstrap, String property, String sent, String expected) throws Exception {
        String topic = Tools.create(bootstrap, name, 1);
        produce(bootstrap, topic, List.of(sent), "--reader-property", property, "--reader-property", "null.marker=NULL");
        Protocol.expect("headers, key and value", List.of(expected), consume(bootstrap, topic, 1, "--from-beginning",
            "--formatter-property", "print.headers=true", "--formatter-property", "print.key=true"));
    }

    private static void largeRecord(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "large-record", 1);
        String value = IntStream.range(0, 1_000_000).collect(StringBuilder::new, (b, i) -> b.append((char) ('a' + i % 23)), StringBuilder::append).toString();
        produce(bootstrap, topic, List.of(value));
        Protocol.expect("the large record whole", true, consume(bootstrap, topic, 1, "--from-beginning").equals(List.of(value)));
    }

    private static void oversizedRecord(String bootstrap) throws Exception {
        String topic = Tools.create(bootstrap, "oversized-record", 1, "max.message.bytes=10000");
        Tool.Result result = Tool.status("x".repeat(20_000) + "\nsmall\n", Tools.PACKAGE + "ConsoleProducer", "--bootstrap-server", bootstrap,
            "--topic", topic, "--sync");
        Protocol.expect("a clear refusal", true, result.errors().contains("RecordTooLargeException"));
        produce(bootstrap, topic, List.of("small"));
        Protocol.expect("what arrived", List.of("small"), consume(bootstrap, topic, 1, "--from-beginning"));
    }
}
