import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Kafka's own DumpLogSegments over a data directory whose broker was stopped cleanly. Arguments: the directory, then TOPIC=CODEC for each
 * topic whose batches must carry that codec, or TOPIC=compacted for one that may have gaps. Each complaint is a line; no line means that Kafka can read everything.
 *
 * The tool has no status for what it finds, so every line that it prints must be one of those that a sound file gives.
 */
public final class DumpLog {
    private static final Pattern BATCH = Pattern.compile("baseOffset: \\d+ .* size: \\d+ magic: 2 compresscodec: (\\w+) crc: \\d+ isvalid: true");
    private static final List<Pattern> SOUND = Stream.of(
        "Dumping .*", "KRaft bootstrap snapshot", ".*index is empty\\.", "Log starting offset: \\d+", "\\| offset: \\d+ .*", "Snapshot end offset: .*", ".* passed sanity check\\.",
        "offset: \\d+ position: \\d+", "timestamp: -?\\d+ offset: \\d+", "producerId: \\d+ producerEpoch: \\d+ .*").map(Pattern::compile).toList();
    // What the decoders say inside a record line when they give up.
    private static final Pattern UNDECODED = Pattern.compile("unknown|Error at \\d+, skipping|Could not|cannot be decoded", Pattern.CASE_INSENSITIVE);

    // The tool lists what is no fault at all: it takes the offset before a file's first record for -1, and knows nothing of compaction.
    private static final Pattern GAPS = Pattern.compile("Non-consecutive offsets in (.*)");
    private static final Pattern GAP = Pattern.compile("  (-?\\d+) is followed by (\\d+)");
    private static final String COMPACTED = "compacted";

    private final Path data;
    private final Set<String> compacted = new HashSet<>(Set.of("__consumer_offsets", "__transaction_state"));
    private final List<String> complaints = new ArrayList<>();

    private DumpLog(Path data) {
        this.data = data;
    }

    public static void main(String[] arguments) throws Exception {
        DumpLog dump = new DumpLog(Path.of(arguments[0]));
        for (String topic : List.of(arguments).subList(1, arguments.length)) {
            if (topic.endsWith("=" + COMPACTED)) dump.compacted.add(topic.substring(0, topic.indexOf('=')));
        }
        dump.plainDirectory();
        dump.logs(List.of(arguments).subList(1, arguments.length));
        dump.indexes();
        dump.complaints.forEach(System.out::println);
        System.exit(dump.complaints.isEmpty() ? 0 : 1);
    }

    /** What Kafka's log manager would stumble over before any tool could. */
    private void plainDirectory() throws IOException {
        if (!Files.exists(data.resolve(".kafka_cleanshutdown"))) complaints.add("no .kafka_cleanshutdown after a clean stop");
        try (Stream<Path> entries = Files.list(data)) {
            entries.filter(Files::isDirectory).map(path -> path.getFileName().toString()).filter(name -> !name.matches(".+-\\d+(\\.[0-9a-f]{32}-delete)?"))
                .forEach(name -> complaints.add("the folder " + name + " is no partition's; Kafka does not start with it"));
        }
    }

    private void logs(List<String> codecs) throws Exception {
        List<Path> ordinary = files(".log", partition -> !partition.startsWith("__"));
        List<Path> offsets = files(".log", partition -> partition.startsWith("__consumer_offsets-"));
        List<Path> metadata = files(".log", partition -> partition.startsWith("__cluster_metadata-"));
        metadata.addAll(files(".checkpoint", partition -> partition.startsWith("__cluster_metadata-")));
        Path bootstrap = data.resolve("bootstrap.checkpoint");
        if (Files.exists(bootstrap)) metadata.add(bootstrap);
        else complaints.add("no bootstrap.checkpoint, which Kafka's formatter writes");
        Map<String, String> seen = codecsSeen(sound(ordinary, "--deep-iteration"));
        for (String wanted : codecs) {
            String topic = wanted.substring(0, wanted.indexOf('=')), codec = wanted.substring(topic.length() + 1);
            if (codec.equals(COMPACTED)) continue;
            if (!codec.equals(seen.get(topic))) complaints.add("the batches of " + topic + " are " + seen.get(topic) + ", not " + codec);
        }
        decoded(sound(offsets, "--deep-iteration", "--offsets-decoder"));
        decoded(sound(metadata, "--deep-iteration", "--cluster-metadata-decoder"));
        sound(files(".snapshot", partition -> !partition.startsWith("__cluster_metadata-")));
    }

    private void indexes() throws Exception {
        for (Path index : files(".index", partition -> partition.endsWith("-restart-0"))) {
            if (Files.size(index) == 0) complaints.add(data.relativize(index) + " is empty, for a log of a thousand batches");
        }
        List<Path> indexes = files(".index", partition -> true);
        indexes.addAll(files(".timeindex", partition -> true));
        long passed = sound(indexes, "--index-sanity-check").stream().filter(line -> line.endsWith(" passed sanity check.") || line.endsWith(" is empty.")).count();
        if (passed != indexes.size()) complaints.add(indexes.size() + " index files, but " + passed + " empty or passed the sanity check");
        for (Path index : indexes) {
            int entry = index.toString().endsWith(".index") ? 8 : 12;
            byte[] bytes = Files.readAllBytes(index);
            if (bytes.length > 0 && Arrays.mismatch(Arrays.copyOfRange(bytes, bytes.length - entry, bytes.length), new byte[entry]) < 0) {
                complaints.add(data.relativize(index) + " still has the room that was laid out for it");
            }
        }
        List<Path> readable = indexes.stream().filter(path -> !path.toString().contains("__cluster_metadata")).toList();
        sound(readable, "--verify-index-only");
        sound(readable);
    }

    /** Files of partitions that are not being deleted: Kafka itself leaves those of a doomed one as they are. */
    private List<Path> files(String suffix, Predicate<String> ofPartition) throws IOException {
        try (Stream<Path> all = Files.walk(data, 2)) {
            return new ArrayList<>(all.filter(path -> path.toString().endsWith(suffix) && !path.getParent().equals(data))
                .filter(path -> !path.getParent().toString().endsWith("-delete"))
                .filter(path -> ofPartition.test(path.getParent().getFileName().toString())).sorted().toList());
        }
    }

    /** Dumps the files and returns what the tool prints, having noted every line that a sound file does not give. */
    private List<String> sound(List<Path> files, String... how) throws Exception {
        if (files.isEmpty()) {
            complaints.add("no files for " + String.join(" ", how));
            return List.of();
        }
        List<String> arguments = new ArrayList<>(List.of(how));
        arguments.addAll(List.of("--files", String.join(",", files.stream().map(Path::toString).toList())));
        Tool.Result result = Tool.status("", Tools.PACKAGE + "DumpLogSegments", arguments.toArray(String[]::new));
        String file = "";
        for (String line : result.lines()) {
            if (line.startsWith("Dumping ")) file = data.relativize(Path.of(line.substring("Dumping ".length()))).toString();
            if (!BATCH.matcher(line).matches() && SOUND.stream().noneMatch(pattern -> pattern.matcher(line).matches())) {
                complaints.add(file + ": " + line);
            }
        }
        errors(result.errors());
        if (result.status() != 0) complaints.add("DumpLogSegments " + String.join(" ", how) + " ends with " + result.status() + " at " + file);
        return result.lines();
    }

    private void errors(String text) {
        Path file = data;
        for (String line : text.lines().filter(each -> !each.startsWith("\tat ")).toList()) {
            var gaps = GAPS.matcher(line);
            if (gaps.matches()) file = Path.of(gaps.group(1));
            else if (!isFaultless(line, file)) complaints.add(data.relativize(file) + ": " + line);
        }
    }

    private boolean isFaultless(String line, Path file) {
        var gap = GAP.matcher(line);
        if (!gap.matches()) return false;
        long before = Long.parseLong(gap.group(1)), after = Long.parseLong(gap.group(2));
        if (before == -1) return after >= Long.parseLong(file.getFileName().toString().replaceFirst("\\..*", ""));
        return after > before && compacted.contains(topicOf(file));
    }

    private static String topicOf(Path file) {
        return file.getParent().getFileName().toString().replaceFirst("-\\d+$", "");
    }

    private void decoded(List<String> lines) {
        List<String> records = lines.stream().filter(line -> line.startsWith("| offset")).toList();
        if (records.isEmpty()) complaints.add("an internal log without any record");
        for (String record : records) if (UNDECODED.matcher(record).find()) complaints.add("not decoded: " + record);
    }

    /** The codecs of each topic's batches, as a word, or as a list where they differ. */
    private Map<String, String> codecsSeen(List<String> lines) {
        Map<String, String> seen = new TreeMap<>();
        String topic = "";
        for (String line : lines) {
            if (line.startsWith("Dumping ")) {
                topic = topicOf(Path.of(line.substring("Dumping ".length())));
            }
            var batch = BATCH.matcher(line);
            if (batch.matches()) seen.merge(topic, batch.group(1), (all, one) -> all.contains(one) ? all : all + " and " + one);
        }
        return seen;
    }
}
