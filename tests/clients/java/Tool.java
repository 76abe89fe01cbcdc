import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.apache.kafka.common.utils.Exit;

/**
 * Kafka's command-line tools. One that ends by itself is called by its `main` in this process, because a Java machine for each of the
 * fifty calls would take most of the suite's time; its exit becomes a status and its shutdown hooks run when it is done. One that works
 * on threads of its own, or that runs beside us until it is ended, is a process.
 */
final class Tool {
    record Result(int status, String output, String errors) {
        List<String> lines() {
            return output.lines().toList();
        }
    }

    /** What a tool's exit throws here. Tools that catch it go on, but what they say and do after it does not count. */
    private static final class Exited extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    private static final ObjectMapper JSON = new ObjectMapper();

    /** Runs a tool that must succeed. */
    static Result run(String main, String... arguments) throws Exception {
        return fed("", main, arguments);
    }

    /** The same with something on its standard input. */
    static Result fed(String input, String main, String... arguments) throws Exception {
        Result result = status(input, main, arguments);
        Protocol.expect(main + " " + String.join(" ", arguments) + ": status", 0, result.status);
        return result;
    }

    static synchronized Result status(String input, String main, String... arguments) throws Exception {
        var realIn = System.in;
        var realOut = System.out;
        var realErr = System.err;
        var output = new ByteArrayOutputStream();
        var errors = new ByteArrayOutputStream();
        List<Runnable> hooks = new ArrayList<>();
        List<Result> exits = new ArrayList<>();
        Exit.setExitProcedure((status, message) -> {
            exits.add(new Result(status, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8)));
            throw new Exited();
        });
        Exit.setShutdownHookAdder((name, hook) -> hooks.add(hook));
        System.setIn(new ByteArrayInputStream(input.getBytes(StandardCharsets.UTF_8)));
        System.setOut(new PrintStream(output, true, StandardCharsets.UTF_8));
        System.setErr(new PrintStream(errors, true, StandardCharsets.UTF_8));
        try {
            Class.forName(main).getMethod("main", String[].class).invoke(null, (Object) arguments);
        } catch (InvocationTargetException ended) {
            if (exits.isEmpty()) {  // as the Java machine does
                ended.getCause().printStackTrace();
                exits.add(new Result(1, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8)));
            }
        } finally {
            hooks.forEach(Runnable::run);
            System.setIn(realIn);
            System.setOut(realOut);
            System.setErr(realErr);
            Exit.resetExitProcedure();
            Exit.resetShutdownHookAdder();
        }
        Result result = exits.isEmpty() ? new Result(0, output.toString(StandardCharsets.UTF_8), errors.toString(StandardCharsets.UTF_8)) : exits.get(0);
        System.err.print(result.errors);
        return result;
    }

    static JsonNode json(String text) {
        try {
            return JSON.readTree(text);
        } catch (java.io.IOException error) {
            throw new Protocol.Failure("a line of JSON, expected, got " + text);
        }
    }

    /** A tool that runs beside us; each line of its output goes to `onLine`, on a thread of its own. */
    static final class Running implements AutoCloseable {
        private final Process process;
        private final Thread pump;

        Running(Consumer<String> onLine, String main, String... arguments) throws Exception {
            List<String> command = new ArrayList<>(List.of(System.getProperty("java.home") + "/bin/java", "-Xmx96m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1", "-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile"),
                "-cp", System.getProperty("java.class.path"), main));
            command.addAll(List.of(arguments));
            process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            pump = new Thread(() -> {
                BufferedReader lines = process.inputReader(StandardCharsets.UTF_8);
                lines.lines().forEach(onLine);
            });
            pump.start();
        }

        /** What it ended with, or null while it runs and its output is being read. */
        String ended() {
            if (process.isAlive() && pump.isAlive()) return null;
            return process.isAlive() ? "no reader of its output" : "its end with status " + process.exitValue();
        }

        /** Waits until it ends by itself. */
        void join() throws Exception {
            boolean ended = process.waitFor(Protocol.PATIENCE_MS, TimeUnit.MILLISECONDS);
            close();
            Protocol.expect("the tool's end and status", "true 0", ended + " " + process.exitValue());
        }

        /** Ends it as Ctrl-C does. */
        @Override
        public void close() throws Exception {
            process.toHandle().destroy();  // Process.destroy would also close its output, last words unread
            boolean ended = process.waitFor(Protocol.PATIENCE_MS, TimeUnit.MILLISECONDS);
            process.destroyForcibly();
            pump.join();
            Protocol.expect("the tool's end after a signal", true, ended);
        }
    }
}
