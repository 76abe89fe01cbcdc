import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRebalanceListener;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A group of the classic protocol that grows to three members and shrinks to two. */
final class ClientGroups {
    private static final int PARTITIONS = 6;
    private static final Set<Integer> EVERY = new TreeSet<>(IntStream.range(0, PARTITIONS).boxed().toList());

    static void addTo(Protocol protocol) {
        protocol.add("group-eager", bootstrap -> eager(new Group(bootstrap, "group-eager", "RoundRobinAssignor")));
        protocol.add("group-cooperative", bootstrap -> cooperative(new Group(bootstrap, "group-cooperative", "CooperativeStickyAssignor")));
        protocol.add("group-static", bootstrap -> staticMembers(new Group(bootstrap, "group-static", "RangeAssignor")));
    }

    private static void eager(Group group) throws Exception {
        try (group) {
            grow(group);
            Protocol.expect("what an eager first member had to give up", EVERY, group.member("one").givenUp(0));
            shrink(group);
        }
    }

    private static void cooperative(Group group) throws Exception {
        try (group) {
            grow(group);
            Set<Integer> others = new TreeSet<>(EVERY);
            others.removeAll(group.member("one").partitions);
            Protocol.expect("what the first member gave up", others, group.member("one").givenUp(0));
            Map<String, Integer> before = group.rebalances();
            shrink(group);
            for (String name : List.of("one", "two")) {
                Protocol.expect("what " + name + " gave up when another left", Set.of(), group.member(name).givenUp(before.get(name)));
            }
        }
    }

    private static void staticMembers(Group group) throws Exception {
        try (group) {
            for (String name : List.of("one", "two", "three")) group.join(name, Map.of("group.instance.id", "seat-" + name));
            group.shareEqually();

            Set<Integer> share = group.member("two").partitions;
            Map<String, Integer> before = group.rebalances();
            group.leave("two");
            group.join("two", Map.of("group.instance.id", "seat-two"));
            Protocol.eventually("the share of the static member that came back", () -> group.member("two").partitions.equals(share));
            group.consumeOnce("after the return");
            for (String name : List.of("one", "three")) {
                Protocol.expect("rebalances of " + name + " while a static member was away and back", before.get(name), group.rebalances().get(name));
            }

            group.leave("three");
            group.shareEqually();
            group.consumeOnce("after the session of the lost member ended");
        }
    }

    private static void grow(Group group) throws Exception {
        group.join("one", Map.of());
        group.shareEqually();
        group.join("two", Map.of());
        group.join("three", Map.of());
        group.shareEqually();
        group.consumeOnce("with three members");
    }

    private static void shrink(Group group) throws Exception {
        group.leave("three");
        group.shareEqually();
        group.consumeOnce("with two members");
    }

    /** The members that are here, and what must be true of them together. */
    private static final class Group implements AutoCloseable {
        final String bootstrap;
        final String topic;
        final String assignor;
        final Map<String, Member> here = new LinkedHashMap<>();

        Group(String bootstrap, String name, String assignor) throws Exception {
            this.bootstrap = bootstrap;
            this.topic = Session.create(bootstrap, name, PARTITIONS, Map.of());
            this.assignor = "org.apache.kafka.clients.consumer." + assignor;
        }

        Member member(String name) {
            return here.get(name);
        }

        void join(String name, Map<String, Object> how) {
            Map<String, Object> settings = new HashMap<>(how);
            settings.putAll(Map.of("group.id", topic, "client.id", name, "partition.assignment.strategy", assignor,
                "session.timeout.ms", 6000, "heartbeat.interval.ms", 500));
            here.put(name, new Member(Session.consumer(bootstrap, settings), topic));
        }

        void leave(String name) throws Exception {
            here.remove(name).close();
        }

        Map<String, Integer> rebalances() {
            Map<String, Integer> counts = new HashMap<>();
            here.forEach((name, member) -> counts.put(name, member.rebalances.size()));
            return counts;
        }

        void shareEqually() throws Exception {
            Protocol.eventually("equal shares for " + here.keySet(), () -> {
                Set<Integer> together = new TreeSet<>();
                boolean equal = true;
                for (Member member : here.values()) {
                    equal &= member.partitions.size() == PARTITIONS / here.size();
                    together.addAll(member.partitions);
                }
                return equal && together.equals(EVERY);
            });
        }

        /** New records reach exactly one member each. */
        void consumeOnce(String when) throws Exception {
            Map<Member, Integer> seen = new HashMap<>();
            here.values().forEach(member -> seen.put(member, member.records.size()));
            List<String> sent = IntStream.range(0, 10 * PARTITIONS).mapToObj(i -> i % PARTITIONS + " " + when + " " + i).toList();
            Session.send(bootstrap, sent.stream().map(value -> Session.record(topic, value.charAt(0) - '0', value)).toList());
            Protocol.eventually("records consumed " + when, () -> consumed(seen).size() >= sent.size());
            Protocol.expect("records consumed " + when, sent.stream().sorted().toList(), consumed(seen).stream().sorted().toList());
        }

        private List<String> consumed(Map<Member, Integer> seen) {
            List<String> records = new ArrayList<>();
            here.values().forEach(member -> records.addAll(member.records.subList(seen.get(member), member.records.size())));
            return records;
        }

        @Override
        public void close() throws Exception {
            for (String name : List.copyOf(here.keySet())) leave(name);
        }
    }

    /** A consumer that polls and commits on a thread of its own. */
    private static final class Member implements ConsumerRebalanceListener {
        record Change(boolean revoked, Set<Integer> partitions) {}

        volatile Set<Integer> partitions = Set.of();
        final List<String> records = new CopyOnWriteArrayList<>();
        final List<Change> rebalances = new CopyOnWriteArrayList<>();
        private volatile boolean closing;
        private final Thread thread;

        Member(KafkaConsumer<byte[], byte[]> consumer, String topic) {
            thread = new Thread(() -> run(consumer, topic));
            thread.start();
        }

        void close() throws Exception {
            closing = true;
            thread.join();
        }

        Set<Integer> givenUp(int since) {
            Set<Integer> partitions = new TreeSet<>();
            rebalances.stream().skip(since).filter(Change::revoked).forEach(change -> partitions.addAll(change.partitions));
            return partitions;
        }

        private void run(KafkaConsumer<byte[], byte[]> consumer, String topic) {
            try (consumer) {
                consumer.subscribe(List.of(topic), this);
                while (!closing) {
                    ConsumerRecords<byte[], byte[]> batch = consumer.poll(Duration.ofMillis(100));
                    if (!batch.isEmpty()) consumer.commitSync();
                    for (ConsumerRecord<byte[], byte[]> record : batch) {
                        String value = Session.text(record.value());
                        records.add(value.startsWith(record.partition() + " ") ? value : "in the wrong partition: " + value);
                    }
                }
            }
        }

        @Override
        public void onPartitionsAssigned(Collection<TopicPartition> assigned) {
            change(false, assigned);
        }

        @Override
        public void onPartitionsRevoked(Collection<TopicPartition> revoked) {
            change(true, revoked);
        }

        private void change(boolean revoked, Collection<TopicPartition> changed) {
            if (changed.isEmpty()) return;
            Set<Integer> numbers = new TreeSet<>(changed.stream().map(TopicPartition::partition).toList());
            Set<Integer> now = new TreeSet<>(partitions);
            if (revoked) now.removeAll(numbers);
            else now.addAll(numbers);
            rebalances.add(new Change(revoked, numbers));
            partitions = now;
        }
    }
}
