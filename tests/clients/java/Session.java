import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Short ways to admin, producer and consumer. Keys and values are bytes. */
final class Session {
    static Admin admin(String bootstrap) {
        return Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    /** Creates a topic of this family and returns its name. */
    static String create(String bootstrap, String name, int partitions, Map<String, String> settings) throws Exception {
        String topic = "java-" + name;
        try (Admin admin = admin(bootstrap)) {
            admin.createTopics(List.of(new NewTopic(topic, partitions, (short) 1).configs(settings))).all().get();
            awaitLeaders(admin, topic, partitions);
        }
        return topic;
    }

    /**
     * Until each partition answers. Kafka tells of a leader a moment before that leader serves; an idempotent producer whose first batch
     * falls into it, and whose second does not, is answered OUT_OF_ORDER_SEQUENCE_NUMBER for ever.
     */
    static void awaitLeaders(Admin admin, String topic, int partitions) throws Exception {
        Map<TopicPartition, OffsetSpec> ends = new HashMap<>();
        for (int i = 0; i < partitions; i++) ends.put(new TopicPartition(topic, i), OffsetSpec.latest());
        Protocol.eventually("answers of all leaders of " + topic, () -> {
            try {
                return admin.listOffsets(ends).all().get().size() == partitions;
            } catch (ExecutionException error) {  // Kafka also answers a create before its own metadata has the topic
                if (error.getCause() instanceof UnknownTopicOrPartitionException) return false;
                throw new IllegalStateException(error.getCause());
            } catch (InterruptedException error) {
                throw new IllegalStateException(error);
            }
        });
    }

    static String create(String bootstrap, String name) throws Exception {
        return create(bootstrap, name, 1, Map.of());
    }

    static KafkaProducer<byte[], byte[]> producer(String bootstrap, Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrap);
        return new KafkaProducer<>(all, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Sends the records and returns the acknowledged offsets, in order. */
    static List<Long> send(String bootstrap, List<ProducerRecord<byte[], byte[]>> records, Map<String, Object> settings) throws Exception {
        List<Future<RecordMetadata>> answers = new ArrayList<>();
        List<Long> offsets = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = producer(bootstrap, settings)) {
            for (ProducerRecord<byte[], byte[]> record : records) answers.add(producer.send(record));
            for (Future<RecordMetadata> answer : answers) offsets.add(answer.get().offset());
        }
        return offsets;
    }

    static List<Long> send(String bootstrap, List<ProducerRecord<byte[], byte[]>> records) throws Exception {
        return send(bootstrap, records, Map.of());
    }

    static ProducerRecord<byte[], byte[]> record(String topic, int partition, String value) {
        return new ProducerRecord<>(topic, partition, null, value.getBytes());
    }

    static KafkaConsumer<byte[], byte[]> consumer(String bootstrap, Map<String, Object> settings) {
        Map<String, Object> all = new HashMap<>(settings);
        all.put("bootstrap.servers", bootstrap);
        all.put("enable.auto.commit", false);
        all.putIfAbsent("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** A consumer of one partition, outside any group, at the beginning. */
    static KafkaConsumer<byte[], byte[]> reader(String bootstrap, TopicPartition partition) {
        KafkaConsumer<byte[], byte[]> consumer = consumer(bootstrap, Map.of());
        consumer.assign(List.of(partition));
        return consumer;
    }

    /** The next `count` records. More than asked is returned too, so that it is seen. */
    static List<ConsumerRecord<byte[], byte[]>> take(KafkaConsumer<byte[], byte[]> consumer, int count) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        Protocol.eventually(count + " records", () -> {
            consumer.poll(Duration.ofMillis(200)).forEach(records::add);
            return records.size() >= count;
        });
        return records;
    }

    static List<ConsumerRecord<byte[], byte[]>> read(String bootstrap, String topic, int partition, int count) throws Exception {
        try (KafkaConsumer<byte[], byte[]> consumer = reader(bootstrap, new TopicPartition(topic, partition))) {
            return take(consumer, count);
        }
    }

    /** Keys and values as text; null stays null. */
    static String text(byte[] bytes) {
        return bytes == null ? null : new String(bytes);
    }

    static List<String> values(List<ConsumerRecord<byte[], byte[]>> records) {
        return records.stream().map(record -> text(record.value())).toList();
    }
}
