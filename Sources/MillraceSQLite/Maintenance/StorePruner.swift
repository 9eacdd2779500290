internal import GRDB
internal import MillraceCore

/// Deletes what is old, in transactions of few rows each.
struct StorePruner: Sendable {
    /// Rows that are deleted in one transaction; a processing and a transcript have one of their own.
    private static let batch = 500
    /// Rows that are looked at for a batch, without keeping anybody waiting.
    private static let window = 20_000

    let store: SQLiteStore
    let conditions: PruneConditions

    /// Deletes.
    func prune() async throws(StoreError) -> StorePruned {
        var pruned = StorePruned()
        pruned.cacheEntries += try await delete(from: "cache_entries", where: conditions.cacheEntries)
        if conditions.includesTranscripts { try await pruneTranscripts(&pruned) }
        try await pruneProcessings(&pruned)
        pruned.chunks += try await delete(from: "chunk_tasks", where: conditions.strayChunks)
        pruned.jobs += try await delete(from: "processing_jobs", where: conditions.jobs)
        pruned.samples += try await deleteSamples()
        return pruned
    }

    private func deleteSamples() async throws(StoreError) -> Int {
        let cleaning = SampleCleaning(cutoff: conditions.cutoff)
        var deleted = 0
        while true {
            let count = try await store.write { db in try cleaning.remove(upTo: Self.batch, in: db) }
            deleted += count
            if count < Self.batch { return deleted }
        }
    }

    /// Deletes rows that stand for themselves. The table is read once, a stretch at a time.
    private func delete(from table: String, where condition: String) async throws(StoreError) -> Int {
        let arguments = conditions.arguments(for: condition)
        var deleted = 0
        var position: Int64? = 0
        while let start = position {
            let end = start + Int64(Self.window)
            let found = try await store.read { db in
                try db.rows(
                    "SELECT rowid FROM \(table) WHERE rowid > \(start) AND rowid <= \(end) AND (\(condition))",
                    arguments
                ) { try $0.value(Int64.self) }
            }
            for first in stride(from: 0, to: found.count, by: Self.batch) {
                let batch = Array(found[first..<min(first + Self.batch, found.count)])
                deleted += try await store.write { db in
                    // Asked again, because somebody may have taken a job up since.
                    try db.run(
                        "DELETE FROM \(table) WHERE rowid IN (SELECT value FROM json_each(:batch)) AND (\(condition))",
                        arguments + ["batch": json(batch)])
                }
            }
            position = try await store.read { db in
                try db.rows("SELECT min(rowid) - 1 FROM \(table) WHERE rowid > ?", [end]) {
                    try $0.optional(Int64.self)
                }[0]
            }
        }
        return deleted
    }

    private func pruneProcessings(_ pruned: inout StorePruned) async throws(StoreError) {
        let condition = conditions.processings
        let arguments = conditions.arguments(for: condition)
        for id in try await ids(of: "processing_tasks", where: condition) {
            let (processings, chunks) = try await store.write { db in
                let chunks = try db.rows("SELECT count(*) FROM chunk_tasks WHERE processing_id = ?", [id]) {
                    try $0.value(Int.self)
                }[0]
                // The chunks go with it, by the foreign key.
                let processings = try db.run(
                    "DELETE FROM processing_tasks WHERE id = :id AND (\(condition))", arguments + ["id": id])
                return (processings, chunks * processings)
            }
            pruned.processings += processings
            pruned.chunks += chunks
        }
    }

    private func pruneTranscripts(_ pruned: inout StorePruned) async throws(StoreError) {
        let condition = conditions.transcripts
        let arguments = conditions.arguments(for: condition)
        for id in try await ids(of: "transcripts", where: condition) {
            guard let id = TranscriptID(id) else { continue }
            let gone = try await store.write { db in
                let isStillOld = try !db.rows(
                    "SELECT 1 FROM transcripts WHERE id = :id AND (\(condition))", arguments + ["id": id.sql]
                ) { _ in true }.isEmpty
                return isStillOld ? try TranscriptDelete.delete(id, in: db) : StorePruned()
            }
            pruned.transcripts += gone.transcripts
            pruned.processings += gone.processings
            pruned.chunks += gone.chunks
            pruned.jobs += gone.jobs
            pruned.cacheEntries += gone.cacheEntries
        }
    }

    private func ids(of table: String, where condition: String) async throws(StoreError) -> [String] {
        let arguments = conditions.arguments(for: condition)
        return try await store.read { db in
            try db.rows("SELECT id FROM \(table) WHERE \(condition) ORDER BY id", arguments) { try $0.value() }
        }
    }
}
