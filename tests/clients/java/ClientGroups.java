import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** Members of a group of the classic protocol; Groups says what they must do. */
final class ClientGroups {
    static void addTo(Protocol protocol) {
        protocol.add("group-eager", bootstrap -> Groups.eager(group(bootstrap, "group-eager", "RoundRobinAssignor")));
        protocol.add("group-cooperative", bootstrap -> Groups.cooperative(group(bootstrap, "group-cooperative", "CooperativeStickyAssignor")));
        protocol.add("group-static", bootstrap -> Groups.staticMembers(group(bootstrap, "group-static", "RangeAssignor")));
    }

    private static Groups.Group group(String bootstrap, String name, String assignor) throws Exception {
        return new Groups.Group(bootstrap, Session.create(bootstrap, name, Groups.PARTITIONS, Map.of()), (topic, member, seat) -> {
            Map<String, Object> settings = new HashMap<>(Map.of("group.id", topic, "client.id", member,
                "heartbeat.interval.ms", 500, "partition.assignment.strategy", "org.apache.kafka.clients.consumer." + assignor));
            if (seat != null) settings.putAll(Map.of("group.instance.id", seat, "session.timeout.ms", 6000));
            return new Member(Session.consumer(bootstrap, settings), topic);
        });
    }

    /** A consumer that polls and commits on a thread of its own. */
    private static final class Member extends Groups.Member implements ConsumerRebalanceListener {
        private final Thread thread;
        private volatile boolean closing;
        private volatile Throwable error;

        Member(KafkaConsumer<byte[], byte[]> consumer, String topic) {
            thread = new Thread(() -> run(consumer, topic));
            thread.setUncaughtExceptionHandler((thread, error) -> {
                error.printStackTrace();
                this.error = error;
            });
            thread.start();
        }

        @Override
        void close() throws Exception {
            closing = true;
            thread.join();
        }

        @Override
        String ended() {
            return error == null ? null : error.toString();
        }

        private void run(KafkaConsumer<byte[], byte[]> consumer, String topic) {
            try (consumer) {
                consumer.subscribe(List.of(topic), this);
                while (!closing) {
                    ConsumerRecords<byte[], byte[]> batch = consumer.poll(Duration.ofMillis(100));
                    if (!batch.isEmpty()) consumer.commitSync();
                    for (ConsumerRecord<byte[], byte[]> record : batch) consumed(record.partition(), Session.text(record.value()));
                }
            }
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            changed(false, assigned.stream().map(TopicPartition::partition).toList());
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            changed(true, revoked.stream().map(TopicPartition::partition).toList());
        }
    }
}
