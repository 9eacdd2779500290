public import MillraceCore

/// Looks into a store in a PostgreSQL database, and deletes what is old.
public struct PostgresMaintenance: Sendable {
    let store: PostgresStore

    /// Uses an open store.
    public init(_ store: PostgresStore) {
        self.store = store
    }

    /// Counts what the store holds.
    ///
    /// Its size is that of the tables with their indexes; there is no log of its own.
    public func info() async throws(StoreError) -> StoreInfo {
        let schema = store.schema
        let now = store.now
        let id = try await store.identity()
        return try await store.withConnection(isIdempotent: true) { connection in
            func counts<Status: RawRepresentable & Hashable>(
                _ table: String, _ type: Status.Type
            ) async throws -> [Status: Int] where Status.RawValue == String {
                let rows = try await connection.rows(
                    "SELECT status::text, count(*) FROM \(schema).\(table) GROUP BY status"
                ) { row in (try row.choice(Status.self), try row.value(Int.self)) }
                return Dictionary(uniqueKeysWithValues: rows)
            }
            let facts = try await connection.rows(
                """
                SELECT (SELECT max(version)::int8 FROM \(schema).schema_migrations),
                       (SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::int8 FROM pg_class c
                        WHERE c.relnamespace = $2::text::regnamespace AND c.relkind = 'r'),
                       (SELECT count(*) FROM \(schema).cache_entries WHERE expires_at > coalesce($1, now())),
                       (SELECT count(*) FROM \(schema).cache_entries WHERE expires_at <= coalesce($1, now())),
                       (SELECT count(*) FROM \(schema).workers WHERE lease_until > coalesce($1, now())),
                       least(
                           (SELECT min(created_at) FROM \(schema).processing_jobs),
                           (SELECT min(created_at) FROM \(schema).transcripts)),
                       greatest(
                           (SELECT max(created_at) FROM \(schema).processing_jobs),
                           (SELECT max(created_at) FROM \(schema).transcripts)),
                       (SELECT count(*) FROM \(schema).metrics)
                """, [now, .text(schema)]
            ) { row in
                (
                    version: try row.value(Int.self), bytes: try row.value(Int64.self),
                    entries: try row.value(Int.self), expired: try row.value(Int.self),
                    workers: try row.value(Int.self), oldest: try row.optionalTime(), newest: try row.optionalTime(),
                    samples: try row.value(Int.self)
                )
            }[0]
            return StoreInfo(
                path: store.name, storeID: id, schemaVersion: facts.version, fileBytes: facts.bytes,
                journalBytes: 0, freeBytes: 0,
                jobs: try await counts("processing_jobs", JobStatus.self),
                processings: try await counts("processing_tasks", ProcessingStatus.self),
                chunks: try await counts("chunk_tasks", ChunkStatus.self),
                transcripts: try await counts("transcripts", TranscriptStatus.self),
                cacheEntries: facts.entries, expiredCacheEntries: facts.expired, samples: facts.samples,
                oldest: facts.oldest, newest: facts.newest, workers: facts.workers)
        }
    }
}
