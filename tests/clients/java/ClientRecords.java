import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/** What is sent comes back: codecs, acks, idempotence, and the odd shapes of a record. */
final class ClientRecords {
    private static final List<String> VALUES = IntStream.range(0, 200)
        .mapToObj(i -> String.format("%05d ", i) + "the mill turns ".repeat(20)).toList();
    private static final List<Long> OFFSETS = LongStream.range(0, VALUES.size()).boxed().toList();

    static void addTo(Protocol protocol) {
        for (String codec : List.of("none", "gzip", "snappy", "lz4", "zstd")) {
            protocol.add("codec-" + codec, bootstrap -> roundTrip("codec-" + codec, bootstrap, Map.of("compression.type", codec)));
        }
        protocol.add("acks-0", bootstrap -> roundTrip("acks-0", bootstrap, Map.of("acks", "0", "enable.idempotence", false)));
        for (String acks : List.of("1", "all")) {
            protocol.add("acks-" + acks, bootstrap -> Protocol.expect("the acknowledged offsets", OFFSETS,
                roundTrip("acks-" + acks, bootstrap, Map.of("acks", acks, "enable.idempotence", false))));
        }
        protocol.add("idempotence", ClientRecords::idempotence);
        protocol.add("headers", ClientRecords::headers);
        protocol.add("null-key", ClientRecords::nullKey);
        protocol.add("null-value", bootstrap -> keyAndValue("null-value", bootstrap, "k", null));
        protocol.add("empty-value", bootstrap -> keyAndValue("empty-value", bootstrap, "k", ""));
        protocol.add("large-record", ClientRecords::largeRecord);
        protocol.add("oversized-record", ClientRecords::oversizedRecord);
    }

    /** Sends VALUES to one partition and reads them back; returns the acknowledged offsets. */
    private static List<Long> roundTrip(String name, String bootstrap, Map<String, Object> settings) throws Exception {
        String topic = Session.create(bootstrap, name);
        List<ProducerRecord<byte[], byte[]>> records = VALUES.stream()
            .map(value -> new ProducerRecord<>(topic, 0, value.substring(0, 5).getBytes(), value.getBytes())).toList();
        List<Long> acknowledged = Session.send(bootstrap, records, settings);
        List<ConsumerRecord<byte[], byte[]>> got = Session.read(bootstrap, topic, 0, VALUES.size());
        Protocol.expect("the offsets", OFFSETS, got.stream().map(ConsumerRecord::offset).toList());
        Protocol.expect("the keys", VALUES.stream().map(value -> value.substring(0, 5)).toList(),
            got.stream().map(record -> Session.text(record.key())).toList());
        Protocol.expect("the values", VALUES, Session.values(got));
        return acknowledged;
    }

    private static void idempotence(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "idempotence", 3, Map.of());
        List<ProducerRecord<byte[], byte[]>> records = IntStream.range(0, 1500).mapToObj(i -> Session.record(topic, i % 3, "" + i)).toList();
        Session.send(bootstrap, records, Map.of("enable.idempotence", true, "acks", "all", "batch.size", 200));
        for (int partition = 0; partition < 3; partition++) {
            List<String> expected = IntStream.iterate(partition, i -> i < 1500, i -> i + 3).mapToObj(Integer::toString).toList();
            Protocol.expect("the records of partition " + partition, expected, Session.values(Session.read(bootstrap, topic, partition, 500)));
        }
    }

    private static ConsumerRecord<byte[], byte[]> oneRecord(String name, String bootstrap, byte[] key, byte[] value, List<Header> headers) throws Exception {
        String topic = Session.create(bootstrap, name);
        Session.send(bootstrap, List.of(new ProducerRecord<>(topic, 0, key, value, headers)));
        return Session.read(bootstrap, topic, 0, 1).get(0);
    }

    private static void headers(String bootstrap) throws Exception {
        List<Header> sent = List.of(new RecordHeader("first", "1".getBytes()), new RecordHeader("twice", "a".getBytes()),
            new RecordHeader("twice", "b".getBytes()), new RecordHeader("empty", new byte[0]), new RecordHeader("null", (byte[]) null),
            new RecordHeader("m\u00fchle", "r\u00e4der".getBytes()));
        ConsumerRecord<byte[], byte[]> got = oneRecord("headers", bootstrap, null, "v".getBytes(), sent);
        Protocol.expect("the headers", sent, StreamSupport.stream(got.headers().spliterator(), false).toList());
    }

    private static void nullKey(String bootstrap) throws Exception {
        keyAndValue("null-key", bootstrap, null, "v");
        keyAndValue("null-key-empty", bootstrap, "", "v");
    }

    private static void keyAndValue(String name, String bootstrap, String key, String value) throws Exception {
        ConsumerRecord<byte[], byte[]> got = oneRecord(name, bootstrap, bytes(key), bytes(value), List.of());
        Protocol.expect("the key", key, Session.text(got.key()));
        Protocol.expect("the value", value, Session.text(got.value()));
    }

    private static byte[] bytes(String text) {
        return text == null ? null : text.getBytes();
    }

    private static void largeRecord(String bootstrap) throws Exception {
        byte[] value = new byte[1_000_000];
        for (int i = 0; i < value.length; i++) value[i] = (byte) (i % 251);
        byte[] got = oneRecord("large-record", bootstrap, null, value, List.of()).value();
        Protocol.expect("the large record whole", true, java.util.Arrays.equals(value, got));
    }

    private static void oversizedRecord(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "oversized-record", 1, Map.of("max.message.bytes", "10000"));
        List<Object> answers = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer = Session.producer(bootstrap, Map.of())) {
            for (String value : List.of("x".repeat(20_000), "small")) {
                try {
                    answers.add(producer.send(Session.record(topic, 0, value)).get().offset());
                } catch (ExecutionException refused) {
                    answers.add(refused.getCause().getClass());
                }
            }
        }
        Protocol.expect("the answers to a record over the limit and to the next", List.of(RecordTooLargeException.class, 0L), answers);
        Protocol.expect("what arrived", List.of("small"), Session.values(Session.read(bootstrap, topic, 0, 1)));
    }
}
