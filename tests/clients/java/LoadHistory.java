import java.io.IOException;
import java.io.PrintStream;
import java.io.FileOutputStream;
import java.io.FileDescriptor;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.stream.Collectors;

/** The events of one program on standard output, each stamped with the machine's monotonic clock; until standard input ends. */
final class LoadHistory {
    private final PrintStream out = new PrintStream(new FileOutputStream(FileDescriptor.out), true, StandardCharsets.UTF_8);
    private volatile boolean over;

    LoadHistory() {
        Thread reader = new Thread(() -> {
            try {
                while (System.in.read() >= 0) continue;
            } catch (IOException error) {
                error.printStackTrace();
            }
            over = true;
        });
        reader.setDaemon(true);
        reader.start();
    }

    boolean isOver() {
        return over;
    }

    void say(Object... words) {
        out.println(System.nanoTime() + " " + Arrays.stream(words).map(String::valueOf).collect(Collectors.joining(" ")));
    }
}
