import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.Semaphore;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;

/**
 * An idempotent producer under which the broker may be killed: numbers for each partition, one after another, until standard input ends.
 * Arguments: address, topic, its partitions, the producer's name. What it prints is told in ../histories.py.
 */
public final class LoadProducer {
    private static final int UNANSWERED_MAX = 500;
    private static final int LARGE_EVERY = 500;
    private static final int LARGE_BYTES = 300_000;

    public static void main(String[] arguments) throws Exception {
        String topic = arguments[1], name = arguments[3];
        int partitions = Integer.parseInt(arguments[2]);
        var room = new Semaphore(UNANSWERED_MAX);
        Map<String, Object> settings = Map.of("enable.idempotence", true, "acks", "all", "delivery.timeout.ms", 300_000,
            "reconnect.backoff.ms", 20, "reconnect.backoff.max.ms", 100, "retry.backoff.ms", 20, "retry.backoff.max.ms", 100, "linger.ms", 1);
        LoadHistory history = new LoadHistory();
        int sent = 0;
        try (KafkaProducer<byte[], byte[]> producer = Session.producer(arguments[0], settings)) {
            for (; !history.isOver(); sent++) {
                room.acquire();
                int partition = sent % partitions, number = sent / partitions;
                producer.send(new ProducerRecord<>(topic, partition, null, value(name, number)), (at, error) -> {
                    room.release();
                    if (error != null) history.say("failed", partition, number, error.toString().replace(' ', '_'));
                    else history.say("acked", partition, number, at.offset());
                });
                if (sent % 2 == 0) Thread.sleep(1);
            }
        }
        for (int partition = 0; partition < partitions; partition++) {
            history.say("sent", partition, (sent - partition + partitions - 1) / partitions);
        }
    }

    private static byte[] value(String name, int number) {
        int padding = number % LARGE_EVERY == LARGE_EVERY - 1 ? LARGE_BYTES : number * 37 % 200;
        return (name + ":" + number + "|" + ".".repeat(padding)).getBytes(StandardCharsets.UTF_8);
    }
}
