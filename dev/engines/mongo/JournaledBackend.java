import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import de.bwaldvogel.mongo.backend.memory.MemoryCollection;
import de.bwaldvogel.mongo.backend.memory.MemoryDatabase;
import de.bwaldvogel.mongo.bson.Document;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

// The library's backend in memory. It tells a journal, if it has one, what has become of documents, indexes and
// collections, knows which indexes let documents expire, and finds a document by its key whatever else a query asks.
class JournaledBackend extends MemoryBackend {
    record Ttl(String db, String coll, String field, long seconds) {}

    final Map<List<String>, Ttl> ttls = new ConcurrentHashMap<>();
    // Nothing until all that it has kept is here.
    private Journal journal;

    JournaledBackend(Journal kept) throws IOException {
        if (kept == null) return;
        kept.open().forEach(this::restore);
        journal = kept;
    }

    private void restore(String ns, Map<List<Object>, Journal.Kept> all) {
        Database db = (Database) resolveDatabase(ns.substring(0, ns.indexOf('.')));
        MongoCollection<?> coll = db.createCollectionOrThrowIfExists(ns.substring(ns.indexOf('.') + 1), CollectionOptions.withDefaults());
        all.forEach((key, kept) -> { if (key.get(0).equals(Journal.INDEX)) db.addIndex(kept.document()); });
        all.entrySet().stream().filter(one -> one.getKey().get(0).equals(Journal.DOCUMENT)).parallel()
            .map(one -> one.getValue().document()).forEachOrdered(coll::addDocument);
    }

    void write() {
        if (journal != null) journal.write();
    }

    private void note(String ns, String is, Object id, Document now) {
        // What the library keeps about collections in collections is made with them.
        if (journal != null && !ns.substring(ns.indexOf('.') + 1).startsWith("system.")) journal.note(ns, is, id, now);
    }

    @Override
    public MemoryDatabase openOrCreateDatabase(String name) { return new Database(name, getCursorRegistry()); }

    private class Database extends MemoryDatabase {
        Database(String name, CursorRegistry cursors) { super(name, cursors); }

        @Override
        protected MemoryCollection openOrCreateCollection(String name, CollectionOptions options) {
            MemoryCollection made = new Collection(this, name, options, cursorRegistry);
            note(made.getFullName(), Journal.COLLECTION, null, new Document());
            return made;
        }

        @Override
        public void unregisterCollection(String name) {
            super.unregisterCollection(name);
            note(getFullCollectionNamespace(name), Journal.COLLECTION, null, null);
        }

        @Override
        protected void addIndex(Document index) {
            super.addIndex(index);
            String ns = (String) index.get("ns");
            String name = (String) index.get("name");
            note(ns, Journal.INDEX, name, index);
            if (index.get("expireAfterSeconds") instanceof Number seconds) {
                String field = ((Document) index.get("key")).keySet().iterator().next();
                ttls.put(List.of(ns, name), new Ttl(databaseName, ns.substring(databaseName.length() + 1), field, seconds.longValue()));
            }
        }

        @Override
        protected void dropIndex(MongoCollection<Integer> coll, String name) {
            super.dropIndex(coll, name);
            note(coll.getFullName(), Journal.INDEX, name, null);
            ttls.remove(List.of(coll.getFullName(), name));
        }
    }

    private class Collection extends MemoryCollection {
        Collection(Database db, String name, CollectionOptions options, CursorRegistry cursors) { super(db, name, options, cursors); }

        @Override
        protected Integer addDocumentInternal(Document document) {
            changed(document, document);
            return super.addDocumentInternal(document);
        }

        @Override
        protected void handleUpdate(Integer position, Document before, Document after) { changed(after, after); }

        @Override
        protected void removeDocument(Integer position) {
            changed(getDocument(position), null);
            super.removeDocument(position);
        }

        private void changed(Document document, Document now) { note(getFullName(), Journal.DOCUMENT, document.get("_id"), now); }

        // The library looks through the whole collection for a query that has more in it than the key, as every guarded
        // write has.
        @Override
        protected QueryResult queryDocuments(Document query, Document order, int skip, int limit, int batch, Document fields) {
            Document key = new Document("_id", query.get("_id"));
            if (query.containsKey("_id"))
                for (Index<Integer> index : getIndexes())
                    if (index.canHandle(key)) return matchDocuments(query, index.getPositions(key), order, skip, limit, batch, fields);
            return super.queryDocuments(query, order, skip, limit, batch, fields);
        }
    }
}
