import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.wire.bson.BsonDecoder;
import de.bwaldvogel.mongo.wire.bson.BsonEncoder;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

// What each document, index and collection became by each command, so that a start makes the last of each, and no
// command is carried out a second time. A folder of files 1, 2, …; only the last one grows. When they are long, all but
// that one are merged by a thread of their own: requests go on meanwhile.
//
// A record is a head {ns, is, id, gone}, and what became of it unless it is gone, both BSON. What the process has handed
// to the system outlives its kill; a power cut is nobody's test here.
class Journal {
    static final String COLLECTION = "collection", INDEX = "index", DOCUMENT = "document";
    // A file that begins with it holds all there was: files before it count no more, whether they are there still or not.
    private static final Document ANEW = new Document("anew", true);
    // Files are merged above this, and above as much as their last merge left: so a start reads little that is not needed.
    private static final long SHORT = 16 << 20;

    private record Change(String ns, String is, Object id, Document now) {}

    // A record as it was read.
    record Kept(byte[] head, byte[] body) {
        Document document() { return decode(body); }
    }

    private final Path folder;
    // Of the command that is carried out. Its documents are the very ones that later commands change.
    private final List<Change> changes = new ArrayList<>();
    private OutputStream out;
    private long file, sinceMerge;
    private volatile long merged;
    private volatile boolean merging;

    Journal(Path folder) throws IOException {
        this.folder = Files.createDirectories(folder);
    }

    // Everything there is: of each collection its own record, indexes and documents. From now on changes are written.
    Map<String, Map<List<Object>, Kept>> open() throws IOException {
        long bytes = 0;
        for (long one : files()) {
            bytes += Files.size(path(one));
            file = one;
        }
        Map<String, Map<List<Object>, Kept>> all = read(file);
        merged = all.values().stream().flatMap(of -> of.values().stream()).mapToLong(kept -> kept.head.length + kept.body.length).sum();
        sinceMerge = bytes - merged;
        // Never behind a record that a kill has left unfinished.
        next();
        return all;
    }

    // This is so now, or gone. Written once the command is done.
    void note(String ns, String is, Object id, Document now) {
        if (out != null) changes.add(new Change(ns, is, id, now));
    }

    // Before the command is answered.
    void write() {
        if (changes.isEmpty()) return;
        try {
            for (Change change : changes) {
                ByteBuf record = Unpooled.buffer();
                Document head = new Document("ns", change.ns).append("is", change.is).append("id", change.id).append("gone", change.now == null);
                BsonEncoder.encodeDocument(head, record);
                if (change.now != null) BsonEncoder.encodeDocument(change.now, record);
                sinceMerge += record.readableBytes();
                record.readBytes(out, record.readableBytes());
            }
            out.flush();
            changes.clear();
            if (sinceMerge > Math.max(SHORT, merged) && !merging) {
                merging = true;
                long last = file;
                next();
                sinceMerge = 0;
                Thread merger = new Thread(() -> merge(last));
                merger.setDaemon(true);
                merger.start();
            }
        } catch (IOException e) {
            // What is in memory would be seen, and be gone after a start.
            e.printStackTrace();
            Runtime.getRuntime().halt(1);
        }
    }

    private void next() throws IOException {
        if (out != null) out.close();
        out = new BufferedOutputStream(Files.newOutputStream(path(++file)), 1 << 16);
    }

    // Killed at any moment, there are all files of before, or the one that has what they had.
    private void merge(long last) {
        try {
            Path fresh = folder.resolve("fresh");
            try (OutputStream to = new BufferedOutputStream(Files.newOutputStream(fresh), 1 << 20)) {
                ByteBuf anew = Unpooled.buffer();
                BsonEncoder.encodeDocument(ANEW, anew);
                anew.readBytes(to, anew.readableBytes());
                for (Map<List<Object>, Kept> of : read(last).values()) {
                    for (Kept kept : of.values()) {
                        to.write(kept.head);
                        to.write(kept.body);
                    }
                }
            }
            merged = Files.size(fresh);
            Files.move(fresh, path(last), StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
            for (long one : files()) if (one < last) Files.delete(path(one));
        } catch (IOException e) {
            e.printStackTrace();
        } finally {
            merging = false;
        }
    }

    private Path path(long file) { return folder.resolve(String.valueOf(file)); }

    private List<Long> files() throws IOException {
        try (Stream<Path> there = Files.list(folder)) {
            return there.map(path -> path.getFileName().toString()).filter(name -> name.matches("\\d+")).map(Long::valueOf).sorted().toList();
        }
    }

    private Map<String, Map<List<Object>, Kept>> read(long last) throws IOException {
        Map<String, Map<List<Object>, Kept>> all = new LinkedHashMap<>();
        for (long one : files()) {
            if (one > last) break;
            try (InputStream in = new BufferedInputStream(Files.newInputStream(path(one)), 1 << 20)) {
                while (read(in, all)) {}
            }
        }
        return all;
    }

    // Whether there was a record. What a kill has left unfinished at the end was never answered.
    private static boolean read(InputStream in, Map<String, Map<List<Object>, Kept>> all) throws IOException {
        byte[] head = readDocument(in);
        if (head == null) return false;
        Document of = decode(head);
        if (of.equals(ANEW)) {
            all.clear();
            return true;
        }
        String ns = (String) of.get("ns");
        // Numbers of all types are one key.
        List<Object> key = List.of(of.get("is"), new KeyValue(of.get("id")).normalized());
        if (Boolean.TRUE.equals(of.get("gone"))) {
            if (of.get("is").equals(COLLECTION)) all.remove(ns);
            else if (all.containsKey(ns)) all.get(ns).remove(key);
            return true;
        }
        byte[] body = readDocument(in);
        if (body == null) return false;
        all.computeIfAbsent(ns, k -> new LinkedHashMap<>()).put(key, new Kept(head, body));
        return true;
    }

    private static byte[] readDocument(InputStream in) throws IOException {
        byte[] length = in.readNBytes(4);
        if (length.length < 4) return null;
        byte[] whole = Arrays.copyOf(length, Unpooled.wrappedBuffer(length).readIntLE());
        return in.readNBytes(whole, 4, whole.length - 4) < whole.length - 4 ? null : whole;
    }

    private static Document decode(byte[] bson) { return BsonDecoder.decodeBson(Unpooled.wrappedBuffer(bson)); }
}
