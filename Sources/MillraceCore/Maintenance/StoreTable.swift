/// A table that every SQL store has, as it goes from one to another.
public struct StoreTable: Sendable, Hashable {
    /// A column of it.
    public struct Column: Sendable, Hashable {
        /// What is in it.
        public enum Kind: Sendable, Hashable {
            /// See the cases of ``StoreValue`` by the same names.
            case integer, real, flag, text, id, time, json, bytes
        }

        /// The name in all stores.
        public let name: String
        /// What is in it.
        public let kind: Kind
    }

    /// The name in all stores.
    public let name: String
    /// The columns; the first is the primary key, by which rows are in order.
    public let columns: [Column]

    private init(_ name: String, _ columns: KeyValuePairs<String, Column.Kind>) {
        self.name = name
        self.columns = columns.map { Column(name: $0.key, kind: $0.value) }
    }

    /// Everything that a store holds and that does not follow from the rest, those first that others refer to.
    ///
    /// Workers are left out, and leaders: their processes are on the old store.
    public static let all = [
        queues, jobs, transcripts, processings, chunks, cacheEntries, cacheChanges, cacheRules, caches, metrics,
        metricCollectors,
    ]

    private static let queues = StoreTable(
        "job_queues",
        ["id": .id, "name": .text, "settings": .json, "created_at": .time, "updated_at": .time])

    private static let jobs = StoreTable(
        "processing_jobs",
        [
            "id": .id, "queue_name": .text, "transcript_id": .id, "job_type": .text, "payload": .json,
            "priority": .integer, "status": .text, "retry_count": .integer, "max_retries": .integer,
            "crashes": .integer, "lease_token": .integer, "worker_id": .id, "unique_key": .text, "created_at": .time,
            "scheduled_at": .time, "started_at": .time, "completed_at": .time, "updated_at": .time,
            "error_message": .text, "result": .json, "timeout_us": .integer, "trace_context": .json, "engine": .text,
            "awaits": .id,
        ])

    private static let transcripts = StoreTable(
        "transcripts",
        [
            "id": .id, "source": .text, "content_hash": .text, "duration_seconds": .real, "status": .text,
            "language": .text, "text": .text, "segments": .json, "total_chunks": .integer,
            "completed_chunks": .integer, "failed_chunks": .integer, "cached_chunks": .integer, "created_at": .time,
            "completed_at": .time, "updated_at": .time,
        ])

    private static let processings = StoreTable(
        "processing_tasks",
        [
            "id": .id, "transcript_id": .id, "run_key": .text, "source": .json, "recipe": .json, "engine": .text,
            "queue_name": .text, "priority": .integer, "status": .text, "round": .integer, "version": .integer,
            "total_chunks": .integer, "completed_chunks": .integer, "failed_chunks": .integer, "progress": .real,
            "created_at": .time, "started_at": .time, "completed_at": .time, "updated_at": .time,
            "error_message": .text, "trace_context": .json,
        ])

    private static let chunks = StoreTable(
        "chunk_tasks",
        [
            "id": .id, "processing_id": .id, "chunk_index": .integer, "start_sample": .integer,
            "end_sample": .integer, "status": .text, "retry_count": .integer, "max_retries": .integer,
            "crashes": .integer, "lease_token": .integer, "worker_id": .id, "scheduled_at": .time,
            "started_at": .time, "completed_at": .time, "error_message": .text, "result": .json, "cache_key": .text,
            "is_from_cache": .flag, "audio": .bytes,
        ])

    private static let cacheEntries = StoreTable(
        "cache_entries",
        [
            "cache_key": .text, "value": .bytes, "codec": .integer, "version": .integer, "created_at": .time,
            "expires_at": .time, "accessed_at": .time, "access_count": .integer, "bytes": .integer,
        ])

    private static let cacheChanges = StoreTable(
        "cache_changes", ["version": .integer, "cache_key": .text, "pattern": .text])

    private static let cacheRules = StoreTable(
        "cache_rules",
        ["version": .integer, "pattern": .text, "made_at": .time, "place": .text, "lease_until": .time])

    private static let caches = StoreTable(
        "caches", ["id": .id, "name": .text, "limits": .json, "counters": .json, "version": .integer])

    private static let metrics = StoreTable(
        "metrics",
        ["id": .integer, "metric_name": .text, "metric_value": .real, "tags": .json, "timestamp": .time])

    private static let metricCollectors = StoreTable(
        "metric_collectors", ["id": .id, "definitions": .json, "updated_at": .time])
}
