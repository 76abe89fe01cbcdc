import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;

/** Where a consumer starts, and how a group remembers. */
final class ClientReading {
    static void addTo(Protocol protocol) {
        protocol.add("from-beginning", ClientReading::fromBeginning);
        protocol.add("from-end", ClientReading::fromEnd);
        protocol.add("from-offset", ClientReading::fromOffset);
        protocol.add("from-timestamp", ClientReading::fromTimestamp);
        protocol.add("offsets-commit", ClientReading::offsetsCommit);
        protocol.add("offsets-reset", ClientReading::offsetsReset);
    }

    /** A topic with the records 0 to 9. */
    static TopicPartition numbered(String bootstrap, String name) throws Exception {
        TopicPartition partition = new TopicPartition(Session.create(bootstrap, name), 0);
        sendNumbers(bootstrap, partition, 0, 10);
        return partition;
    }

    private static void sendNumbers(String bootstrap, TopicPartition partition, int from, int to) throws Exception {
        Session.send(bootstrap, IntStream.range(from, to).mapToObj(i -> Session.record(partition.topic(), 0, "" + i)).toList());
    }

    static List<String> numbers(int from, int to) {
        return IntStream.range(from, to).mapToObj(Integer::toString).toList();
    }

    private static void fromBeginning(String bootstrap) throws Exception {
        TopicPartition partition = numbered(bootstrap, "from-beginning");
        try (KafkaConsumer<byte[], byte[]> consumer = Session.reader(bootstrap, partition)) {
            consumer.seekToBeginning(List.of(partition));
            Protocol.expect("the records", numbers(0, 10), Session.values(Session.take(consumer, 10)));
        }
    }

    private static void fromEnd(String bootstrap) throws Exception {
        TopicPartition partition = numbered(bootstrap, "from-end");
        try (KafkaConsumer<byte[], byte[]> consumer = Session.reader(bootstrap, partition)) {
            consumer.seekToEnd(List.of(partition));
            Protocol.expect("the position", 10L, consumer.position(partition));
            sendNumbers(bootstrap, partition, 10, 15);
            Protocol.expect("the records", numbers(10, 15), Session.values(Session.take(consumer, 5)));
        }
    }

    private static void fromOffset(String bootstrap) throws Exception {
        TopicPartition partition = numbered(bootstrap, "from-offset");
        try (KafkaConsumer<byte[], byte[]> consumer = Session.reader(bootstrap, partition)) {
            consumer.seek(partition, 7);
            Protocol.expect("the records", numbers(7, 10), Session.values(Session.take(consumer, 3)));
        }
    }

    private static void fromTimestamp(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "from-timestamp");
        TopicPartition partition = new TopicPartition(topic, 0);
        long base = System.currentTimeMillis() - 3_600_000;
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < 10; i++) records.add(new ProducerRecord<>(topic, 0, base + 1000 * i, null, "v".getBytes()));
        Session.send(bootstrap, records);
        try (KafkaConsumer<byte[], byte[]> consumer = Session.reader(bootstrap, partition)) {
            Protocol.expect("a time between two records", List.of(5L, base + 5000), found(consumer, partition, base + 4500));
            Protocol.expect("a record's own time", List.of(5L, base + 5000), found(consumer, partition, base + 5000));
            Protocol.expect("a time before the first", List.of(0L, base), found(consumer, partition, base - 1));
            Protocol.expect("a time after the last", List.of(), found(consumer, partition, base + 9001));
            consumer.seek(partition, 5);
            Protocol.expect("the timestamps", LongStream.range(5, 10).map(i -> base + 1000 * i).boxed().toList(),
                Session.take(consumer, 5).stream().map(ConsumerRecord::timestamp).toList());
        }
    }

    /** Offset and timestamp, or nothing. */
    private static List<Long> found(KafkaConsumer<byte[], byte[]> consumer, TopicPartition partition, long time) {
        OffsetAndTimestamp at = consumer.offsetsForTimes(Map.of(partition, time)).get(partition);
        return at == null ? List.of() : List.of(at.offset(), at.timestamp());
    }

    private static KafkaConsumer<byte[], byte[]> member(String bootstrap, TopicPartition partition) {
        KafkaConsumer<byte[], byte[]> consumer = Session.consumer(bootstrap, Map.of("group.id", partition.topic(), "max.poll.records", 1));
        consumer.subscribe(List.of(partition.topic()));
        return consumer;
    }

    private static void offsetsCommit(String bootstrap) throws Exception {
        TopicPartition partition = numbered(bootstrap, "offsets-commit");
        TopicPartition never = new TopicPartition(partition.topic(), 1);
        try (KafkaConsumer<byte[], byte[]> first = member(bootstrap, partition)) {
            Protocol.expect("the first four", numbers(0, 4), Session.values(Session.take(first, 4)));
            first.commitSync(Map.of(partition, new OffsetAndMetadata(4, "a note")));
        }
        try (KafkaConsumer<byte[], byte[]> second = member(bootstrap, partition)) {
            Map<TopicPartition, OffsetAndMetadata> committed = second.committed(Set.of(partition, never));
            Protocol.expect("offset and note", new OffsetAndMetadata(4, "a note"), committed.get(partition));
            Protocol.expect("where nothing was committed", null, committed.get(never));
            Protocol.expect("where the next member starts", numbers(4, 10), Session.values(Session.take(second, 6)));
        }
    }

    private static void offsetsReset(String bootstrap) throws Exception {
        TopicPartition partition = numbered(bootstrap, "offsets-reset");
        try (KafkaConsumer<byte[], byte[]> first = member(bootstrap, partition)) {
            Session.take(first, 10);
            first.commitSync();
        }
        try (Admin admin = Session.admin(bootstrap)) {
            String group = partition.topic();
            Protocol.expect("the offset before", 10L, admin.listConsumerGroupOffsets(group).partitionsToOffsetAndMetadata().get().get(partition).offset());
            admin.alterConsumerGroupOffsets(group, Map.of(partition, new OffsetAndMetadata(3))).all().get();
        }
        try (KafkaConsumer<byte[], byte[]> second = member(bootstrap, partition)) {
            Protocol.expect("where the next member starts", numbers(3, 10), Session.values(Session.take(second, 7)));
        }
    }
}
