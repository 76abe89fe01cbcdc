import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** The line protocol that every client program speaks with ../run.py: `ok ID`, `fail ID: what, expected, got`, `n/a ID: reason`. */
final class Protocol {
    static final long PATIENCE_MS = 60_000;

    interface Scenario {
        void run(String bootstrap) throws Exception;
    }

    static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1;

        Failure(String what) {
            super(what);
        }
    }

    private final Map<String, Scenario> scenarios = new LinkedHashMap<>();
    private final Map<String, String> cannot = new LinkedHashMap<>();
    private static final BufferedReader fromRunner = new BufferedReader(new InputStreamReader(System.in));

    void add(String id, Scenario scenario) {
        scenarios.put(id, scenario);
    }

    void notApplicable(String reason, String... ids) {
        for (String id : ids) cannot.put(id, reason);
    }

    static void expect(String what, Object expected, Object got) {
        if (Objects.equals(expected, got)) return;
        if (expected instanceof List<?> wanted && got instanceof List<?> seen && wanted.size() + seen.size() > 10) {
            int i = 0;
            while (i < wanted.size() && i < seen.size() && Objects.equals(wanted.get(i), seen.get(i))) i++;
            what += " (" + wanted.size() + " expected, " + seen.size() + " seen) from number " + i;
            expected = wanted.subList(i, Math.min(i + 3, wanted.size()));
            got = seen.subList(i, Math.min(i + 3, seen.size()));
        }
        throw new Failure(what + ", expected " + shorten(expected) + ", got " + shorten(got));
    }

    static void eventually(String what, BooleanSupplier seen) throws InterruptedException {
        eventually(what, seen, () -> "nothing");
    }

    /** Asks until the answer is yes; `instead` tells what there was if it never came. */
    static void eventually(String what, BooleanSupplier seen, Supplier<String> instead) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE_MS * 1_000_000;
        while (!seen.getAsBoolean()) {
            if (System.nanoTime() > deadline) throw new Failure(what + ", expected within " + PATIENCE_MS / 1000 + " s, got " + instead.get());
            Thread.sleep(20);
        }
    }

    /** Returns once the runner has killed the broker and the new one serves at the same address. */
    static void restartBroker() throws Exception {
        System.out.println("control restart");
        expect("the runner's answer to a restart", "restarted", fromRunner.readLine());
    }

    void run(String[] arguments) {
        String bootstrap = option(arguments, "--bootstrap");
        boolean failed = false;
        for (String id : option(arguments, "--scenarios").split(",")) failed |= !passes(id, bootstrap);
        System.exit(failed ? 1 : 0);
    }

    private boolean passes(String id, String bootstrap) {
        System.err.println("--- " + id);
        if (cannot.containsKey(id)) {
            System.out.println("n/a " + id + ": " + cannot.get(id));
            return true;
        }
        try {
            if (!scenarios.containsKey(id)) throw new Failure("the program, expected a scenario of this name, got none");
            scenarios.get(id).run(bootstrap);
            System.out.println("ok " + id);
            return true;
        } catch (Exception error) {
            error.printStackTrace();
            Throwable cause = error instanceof ExecutionException ? error.getCause() : error;
            String detail = cause instanceof Failure ? cause.getMessage() : "an error, expected none, got " + cause;
            System.out.println("fail " + id + ": " + detail.replaceAll("\\s+", " "));
            return false;
        }
    }

    private static String option(String[] arguments, String name) {
        int at = List.of(arguments).indexOf(name);
        if (at < 0 || at + 1 == arguments.length) throw new IllegalArgumentException("usage: --bootstrap HOST:PORT --scenarios ID[,ID..]");
        return arguments[at + 1];
    }

    private static String shorten(Object value) {
        String text = String.valueOf(value);
        return text.length() <= 160 ? text : text.substring(0, 160) + "... (" + text.length() + " characters)";
    }
}
