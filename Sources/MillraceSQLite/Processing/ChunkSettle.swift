internal import GRDB
internal import MillraceCore

/// Settles leased chunks; the rules are those of `ChunkTask.settle`, in SQL.
enum ChunkSettle {
    private struct Line: Encodable {
        let id: String
        let token: Int64
        let outcome: String
        var at: Int64?
        var error: String?
        var result: String?
        var isFromCache = 0
        let cacheKey: String?

        init(_ settlement: ChunkSettlement) throws {
            id = settlement.chunkID.sql
            token = settlement.token.value
            cacheKey = settlement.cacheKey?.text
            switch settlement.outcome {
            case .completed(let value, let cached):
                outcome = "completed"
                result = try JSONText(encoding: value).text
                isFromCache = cached ? 1 : 0
            case .retry(let time, let message):
                outcome = "retry"
                at = time.microseconds
                error = message
            case .failed(let message):
                outcome = "failed"
                error = message
            case .released:
                outcome = "released"
            }
        }
    }

    private struct Counts: Encodable {
        let id: String
        var completed = 0
        var failed = 0
    }

    static func settle(
        _ settlements: [ChunkSettlement], merges: MergeInsert, in db: Database, at now: Timestamp
    ) throws -> ChunkSettleReceipt {
        let settled = try write(settlements, in: db, at: now)
        var counts: [ProcessingID: Counts] = [:]
        for chunk in settled where chunk.status.isFinal {
            let isCompleted = chunk.status == .completed
            counts[chunk.processing, default: Counts(id: chunk.processing.sql)].completed += isCompleted ? 1 : 0
            counts[chunk.processing, default: Counts(id: chunk.processing.sql)].failed += isCompleted ? 0 : 1
        }
        let lost = Set(settlements.map(\.chunkID)).subtracting(settled.map(\.chunk))
        guard !counts.isEmpty else { return ChunkSettleReceipt(lost: lost, merging: []) }
        let parents = try count(Array(counts.values), in: db, at: now)
        let merging = parents.filter { $0.status == .merging }
        if !merging.isEmpty { try merges.insert(merging, in: db, at: now) }
        return ChunkSettleReceipt(lost: lost, merging: Set(merging.map(\.id)))
    }

    private static func write(
        _ settlements: [ChunkSettlement], in db: Database, at now: Timestamp
    ) throws -> [(chunk: ChunkID, processing: ProcessingID, status: ChunkStatus)] {
        try db.rows(
            """
            WITH line AS (
                SELECT value ->> 'id' AS id, value ->> 'token' AS token, value ->> 'outcome' AS outcome,
                       value ->> 'at' AS at, value ->> 'error' AS error, value ->> 'result' AS result,
                       value ->> 'isFromCache' AS cached, value ->> 'cacheKey' AS cache_key
                FROM json_each(:settlements)
            ),
            decided AS (
                SELECT line.*,
                       CASE
                           WHEN outcome = 'completed' THEN 'COMPLETED'
                           WHEN outcome = 'failed' OR outcome = 'retry' AND chunk.retry_count >= chunk.max_retries
                               THEN 'FAILED'
                           ELSE 'PENDING'
                       END AS new_status
                FROM line JOIN chunk_tasks chunk ON chunk.id = line.id AND chunk.lease_token = line.token
            )
            UPDATE chunk_tasks
            SET status = decided.new_status,
                retry_count = retry_count + (outcome = 'retry' AND new_status <> 'FAILED'),
                lease_token = lease_token + 1,
                worker_id = NULL,
                scheduled_at = CASE WHEN outcome = 'retry' AND new_status = 'PENDING' THEN decided.at END,
                completed_at = CASE WHEN new_status <> 'PENDING' THEN :now END,
                error_message = CASE outcome
                    WHEN 'completed' THEN NULL
                    WHEN 'released' THEN error_message
                    ELSE decided.error
                END,
                result = decided.result,
                cache_key = coalesce(decided.cache_key, chunk_tasks.cache_key),
                is_from_cache = decided.cached
            FROM decided
            WHERE chunk_tasks.id = decided.id AND lease_token = decided.token AND status = 'PROCESSING'
            RETURNING id, processing_id, status
            """,
            ["settlements": json(try settlements.map(Line.init)), "now": now.microseconds]
        ) { (try $0.id(ChunkID.self), try $0.id(ProcessingID.self), try $0.choice(ChunkStatus.self)) }
    }

    /// One update a parent and batch. The last chunk makes the parent MERGING.
    private static func count(
        _ counts: [Counts], in db: Database, at now: Timestamp
    ) throws -> [ParallelProcessor.Row] {
        try db.rows(
            """
            UPDATE processing_tasks
            SET completed_chunks = completed_chunks + (line.value ->> 'completed'),
                failed_chunks = failed_chunks + (line.value ->> 'failed'),
                status = CASE
                    WHEN status = 'PROCESSING'
                     AND completed_chunks + failed_chunks + (line.value ->> 'completed') + (line.value ->> 'failed')
                         = total_chunks
                    THEN 'MERGING' ELSE status
                END,
                version = version + 1,
                updated_at = :now
            FROM json_each(:counts) line
            WHERE processing_tasks.id = line.value ->> 'id'
            RETURNING \(ProcessingRow.columns.split(separator: ", ").map { "processing_tasks.\($0)" }
                .joined(separator: ", "))
            """,
            ["counts": json(counts), "now": now.microseconds], ProcessingRow.read)
    }
}
