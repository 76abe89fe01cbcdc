import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.GroupListing;
import org.apache.kafka.clients.admin.ListConsumerGroupOffsetsSpec;
import org.apache.kafka.clients.admin.ListTopicsOptions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * What the trial `move` does to a cluster and sees of it, whichever server runs it. Commands come on standard input, each is answered with
 * a line `done`, or `failed: WHY`:
 *
 * <pre>
 *   write STAGE      makes what is not there yet and writes on, in every way that a directory keeps something of
 *   only-kafka STAGE the same with what only Kafka serves: transactions, committed, aborted and left open, and a group of KIP-848
 *   tell FILE        writes down all that can be seen, a line for each fact, sorted
 * </pre>
 *
 * The address never changes, so one idempotent producer lives through every change of server: its numbering must go on.
 */
public final class Move {
    private static final String COMPACTED = "moving-compacted";
    private static final String TRANSACTIONS = "moving-transactions";
    private static final Map<String, Map<String, String>> TOPICS = new TreeMap<>(Map.of(
        "moving-plain", Map.of("retention.ms", "-1"),
        "moving-segments", Map.of("segment.bytes", "1048576", "index.interval.bytes", "1000", "retention.ms", "-1"),
        "moving-trimmed", Map.of("segment.bytes", "1048576", "retention.ms", "-1"),
        "moving-stamped", Map.of("message.timestamp.type", "LogAppendTime", "max.message.bytes", "2000000"),
        "moving-continued", Map.of(),
        TRANSACTIONS, Map.of("min.insync.replicas", "1"),
        COMPACTED, Map.of("cleanup.policy", "compact", "segment.ms", "100", "min.cleanable.dirty.ratio", "0.01")));
    private static final List<String> CODECS = List.of("none", "gzip", "snappy", "lz4", "zstd");
    private static final int PARTITIONS = 2;
    private static final int SHOWN_BYTES = 40;
    private static final long LONG_AGO = 1_700_000_000_000L;

    private final String bootstrap;
    private final Admin admin;
    private final KafkaProducer<byte[], byte[]> enduring;
    private final List<KafkaProducer<byte[], byte[]>> leftOpen = new ArrayList<>();
    private final Random random = new Random(20260501);

    private Move(String bootstrap) {
        this.bootstrap = bootstrap;
        admin = Session.admin(bootstrap);
        enduring = Session.producer(bootstrap, Map.of("enable.idempotence", true, "acks", "all", "reconnect.backoff.max.ms", "200"));
    }

    public static void main(String[] arguments) throws Exception {
        Move move = new Move(arguments[0]);
        var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line; (line = input.readLine()) != null; ) {
            String[] words = line.split(" ");
            try {
                switch (words[0]) {
                    case "write" -> move.write(words[1]);
                    case "only-kafka" -> move.onlyKafka(words[1]);
                    case "tell" -> Files.write(Path.of(words[1]), move.facts());
                    default -> throw new IllegalArgumentException(line);
                }
                System.out.println("done");
            } catch (Exception error) {
                error.printStackTrace();
                System.out.println("failed: " + error);
            }
            System.out.flush();
        }
        System.exit(0);
    }

    // Writing

    private void write(String stage) throws Exception {
        make(TOPICS);
        make(Map.of("moving-made-in-" + stage, Map.of("retention.bytes", "123456789")));
        for (String codec : CODECS) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < 40; i++) records.add(varied("moving-plain", i, stage + " " + codec + " " + i));
            Session.send(bootstrap, records, Map.of("compression.type", codec, "linger.ms", 20));
        }
        for (String topic : List.of("moving-segments", "moving-trimmed")) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < 2200; i++) records.add(new ProducerRecord<>(topic, 0, LONG_AGO + i, bytes("key " + i), noise(1000)));
            Session.send(bootstrap, records, Map.of());
        }
        Session.send(bootstrap, List.of(varied("moving-stamped", 0, stage), varied("moving-stamped", 1, stage)), Map.of());
        for (int round = 0; round < 3; round++) {
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < 20; i++) records.add(new ProducerRecord<>(COMPACTED, i % PARTITIONS, bytes("key " + i), bytes(stage + " " + round)));
            records.add(new ProducerRecord<>(COMPACTED, 0, bytes("only in " + stage), bytes("there")));
            Session.send(bootstrap, records, Map.of());
            Thread.sleep(120);  // past segment.ms, so that there is something to compact
        }
        goOn(stage);
        trim();
        settle(stage);
        commit("group-moving", stage, "classic");
        commit("group-of-" + stage, stage, "classic");
    }

    private void goOn(String stage) throws Exception {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        for (int i = 0; i < 20; i++) answers.add(enduring.send(new ProducerRecord<>("moving-continued", i % PARTITIONS, null, bytes(stage + " " + i))));
        for (Future<RecordMetadata> answer : answers) answer.get();
    }

    private void trim() throws Exception {
        TopicPartition partition = new TopicPartition("moving-trimmed", 0);
        long end = ends(List.of(partition), false).get(partition);
        admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(end - 700))).all().get();
    }

    /** Settings of a topic, of one broker, and of all brokers. */
    private void settle(String stage) throws Exception {
        var set = Map.of(
            new ConfigResource(ConfigResource.Type.TOPIC, "moving-plain"), new ConfigEntry("max.message.bytes", "" + (1_000_000 + stage.length())),
            new ConfigResource(ConfigResource.Type.BROKER, ""), new ConfigEntry("log.retention.ms", "" + (700_000_000 + stage.length())),
            new ConfigResource(ConfigResource.Type.BROKER, "1"), new ConfigEntry("message.max.bytes", "" + (2_000_000 + stage.length())));
        Map<ConfigResource, Collection<AlterConfigOp>> changes = new HashMap<>();
        set.forEach((resource, entry) -> changes.put(resource, List.of(new AlterConfigOp(entry, AlterConfigOp.OpType.SET))));
        admin.incrementalAlterConfigs(changes).all().get();
    }

    private void commit(String group, String stage, String protocol) throws Exception {
        TopicPartition partition = new TopicPartition("moving-plain", 0);
        try (KafkaConsumer<byte[], byte[]> consumer = Session.consumer(bootstrap, Map.of("group.id", group, "group.protocol", protocol))) {
            consumer.subscribe(List.of("moving-plain", "moving-continued"));
            Session.take(consumer, 20);
            consumer.commitSync();
            long next = consumer.position(partition);
            consumer.commitSync(Map.of(partition, new OffsetAndMetadata(next, "noted in " + stage)));
        }
    }

    private void onlyKafka(String stage) throws Exception {
        boolean consumers = admin.describeFeatures().featureMetadata().get().finalizedFeatures().containsKey("group.version");
        if (consumers) commit("group-of-consumers", stage, "consumer");
        Map<String, Object> settings = Map.of("transactional.id", "mover", "transaction.timeout.ms", 600_000);
        KafkaProducer<byte[], byte[]> producer = Session.producer(bootstrap, settings);
        producer.initTransactions();
        for (String end : List.of("committed", "aborted", "committed later", "left open")) {
            producer.beginTransaction();
            for (int i = 0; i < 6; i++) producer.send(new ProducerRecord<>(TRANSACTIONS, i % PARTITIONS, bytes(stage), bytes(end + " " + i)));
            producer.flush();
            if (end.equals("aborted")) producer.abortTransaction();
            else if (!end.equals("left open")) producer.commitTransaction();
        }
        leftOpen.add(producer);  // closing would abort
    }

    private void make(Map<String, Map<String, String>> topics) throws Exception {
        var there = admin.listTopics().names().get();
        for (var topic : topics.entrySet()) {
            if (there.contains(topic.getKey())) continue;
            admin.createTopics(List.of(new NewTopic(topic.getKey(), PARTITIONS, (short) 1).configs(topic.getValue()))).all().get();
            Session.awaitLeaders(admin, topic.getKey(), PARTITIONS);
        }
    }

    /** Records with and without key, value and headers. */
    private ProducerRecord<byte[], byte[]> varied(String topic, int i, String text) {
        byte[] key = i % 3 == 0 ? null : bytes(i % 3 == 1 ? "" : "key " + text);
        byte[] value = i % 7 == 3 ? null : bytes(text);
        List<Header> headers = new ArrayList<>();
        for (int header = 0; header < i % 4; header++) headers.add(new RecordHeader("header", header == 1 ? null : bytes(text)));
        return new ProducerRecord<>(topic, i % PARTITIONS, LONG_AGO + 1000L * (i * 37 % 40), key, value, headers);
    }

    private byte[] noise(int size) {
        byte[] bytes = new byte[size];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    // Telling

    private List<String> facts() throws Exception {
        List<String> facts = new ArrayList<>();
        facts.add("cluster " + admin.describeCluster().clusterId().get());
        var names = admin.listTopics(new ListTopicsOptions().listInternal(true)).names().get();
        for (TopicDescription topic : admin.describeTopics(names).allTopicNames().get().values()) {
            facts.add("topic " + topic.name() + ": id " + topic.topicId() + ", " + topic.partitions().size() + " partitions");
            List<String> changed = configs(facts, new ConfigResource(ConfigResource.Type.TOPIC, topic.name()), ConfigEntry.ConfigSource.DYNAMIC_TOPIC_CONFIG);
            if (!topic.isInternal()) tellRecords(facts, topic, changed.contains("cleanup.policy=compact"));
        }
        configs(facts, new ConfigResource(ConfigResource.Type.BROKER, ""), ConfigEntry.ConfigSource.DYNAMIC_DEFAULT_BROKER_CONFIG);
        configs(facts, new ConfigResource(ConfigResource.Type.BROKER, "1"), ConfigEntry.ConfigSource.DYNAMIC_BROKER_CONFIG);
        for (GroupListing group : admin.listGroups().all().get()) tellGroup(facts, group.groupId());
        return facts.stream().sorted().toList();
    }

    private List<String> configs(List<String> facts, ConfigResource resource, ConfigEntry.ConfigSource source) throws Exception {
        Config config = admin.describeConfigs(List.of(resource)).all().get().get(resource);
        List<String> changed = config.entries().stream().filter(entry -> entry.source() == source).map(entry -> entry.name() + "=" + entry.value()).toList();
        changed.forEach(entry -> facts.add("config of " + resource + ": " + entry));
        return changed;
    }

    private void tellRecords(List<String> facts, TopicDescription topic, boolean compacted) throws Exception {
        List<TopicPartition> partitions = topic.partitions().stream().map(each -> new TopicPartition(topic.name(), each.partition())).toList();
        for (TopicPartition partition : partitions) {
            long end = ends(List.of(partition), false).get(partition);
            long stable = ends(List.of(partition), true).get(partition);
            long start = compacted ? 0 : starts(List.of(partition)).get(partition);
            facts.add(String.format("partition %s: from %d to %d, stable to %d", partition, start, end, stable));
        }
        for (boolean committed : new boolean[] {false, true}) {
            Map<String, String> latest = new TreeMap<>();
            for (ConsumerRecord<byte[], byte[]> record : all(partitions, committed)) {
                String fact = (committed ? "committed " : "record ") + fact(record);
                if (compacted) latest.put(shown(record.key()), fact);
                else facts.add(fact);
            }
            facts.addAll(latest.values());
        }
    }

    private void tellGroup(List<String> facts, String group) throws Exception {
        var offsets = admin.listConsumerGroupOffsets(Map.of(group, new ListConsumerGroupOffsetsSpec())).partitionsToOffsetAndMetadata(group).get();
        facts.add("group " + group);
        offsets.forEach((partition, offset) -> facts.add(String.format("group %s: %s at %d, epoch %s, note %s", group, partition, offset.offset(),
            offset.leaderEpoch().orElse(-1), offset.metadata())));
    }

    private Map<TopicPartition, Long> ends(List<TopicPartition> partitions, boolean committed) {
        try (var consumer = reader(committed)) {
            return consumer.endOffsets(partitions);
        }
    }

    private Map<TopicPartition, Long> starts(List<TopicPartition> partitions) {
        try (var consumer = reader(false)) {
            return consumer.beginningOffsets(partitions);
        }
    }

    private List<ConsumerRecord<byte[], byte[]>> all(List<TopicPartition> partitions, boolean committed) {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (var consumer = reader(committed)) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (!partitions.stream().allMatch(each -> consumer.position(each) >= ends.get(each))) {
                consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            }
        }
        return records;
    }

    private KafkaConsumer<byte[], byte[]> reader(boolean committed) {
        return Session.consumer(bootstrap, Map.of("isolation.level", committed ? "read_committed" : "read_uncommitted"));
    }

    private static String fact(ConsumerRecord<byte[], byte[]> record) throws Exception {
        StringBuilder headers = new StringBuilder();
        for (Header header : record.headers()) headers.append(' ').append(header.key()).append('=').append(shown(header.value()));
        return String.format("%s-%d@%d: %s %d, epoch %d, key %s, value %s, headers%s", record.topic(), record.partition(), record.offset(),
            record.timestampType(), record.timestamp(), record.leaderEpoch().orElse(-1), shown(record.key()), shown(record.value()), headers);
    }

    private static String shown(byte[] bytes) throws Exception {
        if (bytes == null) return "null";
        if (bytes.length <= SHOWN_BYTES) return '"' + new String(bytes, StandardCharsets.UTF_8) + '"';
        return bytes.length + " bytes " + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256").digest(bytes));
    }
}
