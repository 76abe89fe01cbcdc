import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;

/** Records deleted under a reader's feet, and a broker killed under a producer's and a consumer's. */
final class ClientTrouble {
    static void addTo(Protocol protocol) {
        protocol.add("delete-records", ClientTrouble::deleteRecords);
        protocol.add("restart", ClientTrouble::restart);
    }

    private static void deleteRecords(String bootstrap) throws Exception {
        TopicPartition partition = ClientReading.numbered(bootstrap, "delete-records");
        try (Admin admin = Session.admin(bootstrap)) {
            var deleted = admin.deleteRecords(Map.of(partition, RecordsToDelete.beforeOffset(6))).lowWatermarks().get(partition).get();
            Protocol.expect("the new start", 6L, deleted.lowWatermark());
        }
        try (KafkaConsumer<byte[], byte[]> consumer = Session.reader(bootstrap, partition)) {
            Protocol.expect("the beginning", Map.of(partition, 6L), consumer.beginningOffsets(List.of(partition)));
            Protocol.expect("the records left", ClientReading.numbers(6, 10), Session.values(Session.take(consumer, 4)));
        }
    }

    private static void restart(String bootstrap) throws Exception {
        String topic = Session.create(bootstrap, "restart");
        Stream stream = new Stream(bootstrap, topic);
        stream.start();
        // A member of a group, so that the coordinator too must come back as it was.
        try (KafkaConsumer<byte[], byte[]> consumer = Session.consumer(bootstrap, Map.of("group.id", topic))) {
            consumer.subscribe(List.of(topic));
            List<String> seen = new ArrayList<>(Session.values(Session.take(consumer, 200)));
            consumer.commitSync();
            Protocol.restartBroker();
            int after = stream.acknowledged.get() + 200;
            Protocol.eventually("records acknowledged by the new broker", () -> stream.acknowledged.get() > after);
            int count = stream.finish();
            seen.addAll(Session.values(Session.take(consumer, count - seen.size())));
            consumer.commitSync();
            Protocol.expect("what the consumer saw across the restart", ClientReading.numbers(0, count), seen);
            Protocol.expect("what the log holds", ClientReading.numbers(0, count), Session.values(Session.read(bootstrap, topic, 0, count)));
        }
    }

    /** Sends numbers one after another until it is told to stop. */
    private static final class Stream extends Thread {
        final AtomicInteger acknowledged = new AtomicInteger();
        private final List<Long> offsets = new ArrayList<>();
        private final List<Exception> errors = new ArrayList<>();
        private final Semaphore room = new Semaphore(1000);  // records that may be without an answer
        private final KafkaProducer<byte[], byte[]> producer;
        private final String topic;
        private volatile boolean stopping;
        private int sent;

        Stream(String bootstrap, String topic) {
            this.producer = Session.producer(bootstrap, Map.of("enable.idempotence", true, "acks", "all"));
            this.topic = topic;
        }

        @Override
        public void run() {
            try {
                while (!stopping) {
                    Thread.sleep(1);
                    room.acquire();
                    producer.send(Session.record(topic, 0, "" + sent++), this::answered);
                }
            } catch (InterruptedException stopped) {
                errors.add(stopped);
            }
        }

        private void answered(RecordMetadata at, Exception error) {
            room.release();
            if (error != null) errors.add(error);
            else offsets.add(at.offset());
            acknowledged.incrementAndGet();
        }

        int finish() throws Exception {
            stopping = true;
            join();
            producer.close();
            Protocol.expect("delivery errors", List.of(), errors);
            Protocol.expect("the acknowledged offsets", LongStream.range(0, sent).boxed().toList(), offsets);
            return sent;
        }
    }
}
