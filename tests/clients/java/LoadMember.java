import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.CommitFailedException;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.RebalanceInProgressException;
import org.apache.kafka.common.errors.TimeoutException;

/**
 * A member of a group that reads what the load producers write, and commits as it goes. Arguments: address, topic, group. What it prints is
 * told in ../histories.py.
 */
public final class LoadMember implements ConsumerRebalanceListener {
    private static final long COMMIT_EVERY_NS = 50_000_000;

    private final LoadHistory history = new LoadHistory();
    private final Map<TopicPartition, Long> next = new HashMap<>();
    private final KafkaConsumer<byte[], byte[]> consumer;

    private LoadMember(String bootstrap, String group) {
        consumer = Session.consumer(bootstrap, Map.of("group.id", group, "partition.assignment.strategy", RangeAssignor.class.getName(),
            "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 100, "retry.backoff.ms", 20, "retry.backoff.max.ms", 100,
            "session.timeout.ms", 6000, "heartbeat.interval.ms", 500, "fetch.max.wait.ms", 100));
    }

    public static void main(String[] arguments) {
        LoadMember member = new LoadMember(arguments[0], arguments[2]);
        try (member.consumer) {
            member.read(arguments[1]);
        }
    }

    private void read(String topic) {
        consumer.subscribe(List.of(topic), this);
        long committed = System.nanoTime();
        while (!history.isOver()) {
            for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(100))) {
                String value = new String(record.value());
                history.say("read", record.partition(), record.offset(), value.substring(0, value.indexOf('|')));
                next.put(new TopicPartition(topic, record.partition()), record.offset() + 1);
            }
            if (System.nanoTime() - committed < COMMIT_EVERY_NS) continue;
            commit();
            committed = System.nanoTime();
        }
        commit();
    }

    private void commit() {
        if (next.isEmpty()) return;
        Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
        next.forEach((partition, offset) -> offsets.put(partition, new OffsetAndMetadata(offset)));
        offsets.forEach((partition, offset) -> history.say("committing", partition.partition(), offset.offset()));
        try {
            consumer.commitSync(offsets);
        } catch (CommitFailedException | RebalanceInProgressException | TimeoutException error) {
            return;  // whoever gets the partitions reads some of it again
        }
        offsets.forEach((partition, offset) -> history.say("committed", partition.partition(), offset.offset()));
    }

    @Override
    public void onPartitionsRevoked(Collection<TopicPartition> partitions) {
        commit();
        next.clear();
        for (TopicPartition partition : partitions) history.say("revoked", partition.partition());
    }

    @Override
    public void onPartitionsLost(Collection<TopicPartition> partitions) {
        next.clear();
        for (TopicPartition partition : partitions) history.say("revoked", partition.partition());
    }

    @Override
    public void onPartitionsAssigned(Collection<TopicPartition> partitions) {
        for (TopicPartition partition : partitions) {
            history.say("assigning", partition.partition());
            history.say("assigned", partition.partition(), consumer.position(partition));
        }
    }
}
