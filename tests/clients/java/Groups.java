import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** What a group of three must do, said once for the client and for the tools. */
final class Groups {
    static final int PARTITIONS = 6;
    private static final Set<Integer> EVERY = new TreeSet<>(IntStream.range(0, PARTITIONS).boxed().toList());

    /** Starts a member called `name`; `seat` is its static instance id, or null. */
    interface Starter {
        Member start(String topic, String name, String seat) throws Exception;
    }

    static void eager(Group group) throws Exception {
        try (group) {
            grow(group);
            Protocol.expect("what an eager first member had to give up", EVERY, group.member("one").givenUp(0));
            shrink(group);
        }
    }

    static void cooperative(Group group) throws Exception {
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

    static void staticMembers(Group group) throws Exception {
        try (group) {
            for (String name : List.of("one", "two", "three")) group.join(name, "seat-" + name);
            group.shareEqually();

            Set<Integer> share = group.member("two").partitions;
            Map<String, Integer> before = group.rebalances();
            group.leave("two");
            group.join("two", "seat-two");
            group.eventually("the share of the static member that came back", () -> group.member("two").partitions.equals(share));
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
        group.join("one", null);
        group.shareEqually();
        group.join("two", null);
        group.join("three", null);
        group.shareEqually();
        group.consumeOnce("with three members");
    }

    private static void shrink(Group group) throws Exception {
        group.leave("three");
        group.shareEqually();
        group.consumeOnce("with two members");
    }

    /** The members that are here, and what must be true of them together. */
    static final class Group implements AutoCloseable {
        private final String bootstrap;
        private final String topic;
        private final Starter starter;
        private final Map<String, Member> here = new LinkedHashMap<>();

        Group(String bootstrap, String topic, Starter starter) {
            this.bootstrap = bootstrap;
            this.topic = topic;
            this.starter = starter;
        }

        Member member(String name) {
            return here.get(name);
        }

        void join(String name, String seat) throws Exception {
            here.put(name, starter.start(topic, name, seat));
        }

        void leave(String name) throws Exception {
            here.remove(name).close();
        }

        Map<String, Integer> rebalances() {
            Map<String, Integer> counts = new HashMap<>();
            here.forEach((name, member) -> counts.put(name, member.rebalances.size()));
            return counts;
        }

        /** Protocol's, but a member that has ended fails it at once, and the rest is told of each. */
        void eventually(String what, BooleanSupplier seen) throws Exception {
            Protocol.eventually(what, () -> {
                here.forEach((name, member) -> {
                    String ended = member.ended();
                    if (ended != null) throw new Protocol.Failure("member " + name + ", expected to live on, got " + ended + "; it was at " + member);
                });
                return seen.getAsBoolean();
            }, () -> here.entrySet().stream().map(each -> each.getKey() + " with " + each.getValue()).collect(Collectors.joining("; ")));
        }

        void shareEqually() throws Exception {
            eventually("equal shares for " + here.keySet(), () -> {
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
            eventually("records consumed " + when, () -> consumed(seen).size() >= sent.size());
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

    /** What a member has seen so far. Its client's own thread writes, the scenario reads. */
    abstract static class Member {
        record Change(boolean revoked, Set<Integer> partitions) {}

        volatile Set<Integer> partitions = Set.of();
        final List<String> records = new CopyOnWriteArrayList<>();
        final List<Change> rebalances = new CopyOnWriteArrayList<>();

        /** Leaves as the client does it: a static member does not tell the broker. */
        abstract void close() throws Exception;

        /** Why it does not go on, or null while it does. */
        abstract String ended();

        @Override
        public final String toString() {
            return partitions + " after " + rebalances.size() + " changes and " + records.size() + " records";
        }

        final Set<Integer> givenUp(int since) {
            Set<Integer> partitions = new TreeSet<>();
            rebalances.stream().skip(since).filter(Change::revoked).forEach(change -> partitions.addAll(change.partitions));
            return partitions;
        }

        final void changed(boolean revoked, List<Integer> numbers) {
            if (numbers.isEmpty()) return;
            Set<Integer> now = new TreeSet<>(partitions);
            if (revoked) now.removeAll(numbers);
            else now.addAll(numbers);
            rebalances.add(new Change(revoked, Set.copyOf(numbers)));
            partitions = now;
        }

        /** Values begin with the partition that they were sent to. */
        final void consumed(int partition, String value) {
            records.add(value.startsWith(partition + " ") ? value : "in the wrong partition: " + value);
        }
    }
}
