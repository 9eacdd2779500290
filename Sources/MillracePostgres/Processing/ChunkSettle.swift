internal import Foundation
internal import MillraceCore

/// Settles leased chunks by one statement; the rules are those of `ChunkTask.settle`, in SQL.
enum ChunkSettle {
    static func sql(in schema: String) -> String {
        let now = "coalesce($9::timestamptz, now())"
        return """
            WITH line AS MATERIALIZED (
                SELECT * FROM unnest(
                    $1::uuid[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::jsonb[], $7::boolean[],
                    $8::text[]
                ) AS line (id, token, outcome, delay, error, result, cached, cache_key)
                WHERE \(ChunkCount.isRare("token"))
            ), held AS MATERIALIZED (
                SELECT line.*, chunk.processing_id
                FROM line JOIN \(schema).chunk_tasks AS chunk ON chunk.id = line.id
                WHERE chunk.lease_token = line.token AND chunk.status = 'PROCESSING'
            ), \(ChunkCount.locked(in: schema)), changed AS (
                UPDATE \(schema).chunk_tasks AS chunk
                SET status = CASE
                        WHEN outcome = 'completed' THEN 'COMPLETED'
                        WHEN outcome = 'failed' OR outcome = 'retry' AND retry_count >= max_retries THEN 'FAILED'
                        ELSE 'PENDING'
                    END,
                    retry_count = retry_count + (outcome = 'retry' AND retry_count < max_retries)::integer,
                    lease_token = lease_token + 1,
                    worker_id = NULL,
                    scheduled_at = CASE
                        WHEN outcome = 'retry' AND retry_count < max_retries
                        THEN \(now) + delay * interval '1 microsecond'
                    END,
                    completed_at = CASE
                        WHEN outcome IN ('completed', 'failed') OR outcome = 'retry' AND retry_count >= max_retries
                        THEN \(now)
                    END,
                    error_message = CASE outcome
                        WHEN 'completed' THEN NULL
                        WHEN 'released' THEN error_message
                        ELSE held.error
                    END,
                    result = held.result,
                    cache_key = coalesce(held.cache_key, chunk.cache_key),
                    is_from_cache = held.cached,
                    audio = CASE
                        WHEN outcome = 'released' OR outcome = 'retry' AND retry_count < max_retries THEN audio
                    END
                FROM held
                WHERE chunk.id = held.id AND chunk.lease_token = held.token AND chunk.status = 'PROCESSING'
                  AND \(ChunkCount.areLocked)
                RETURNING chunk.id, chunk.processing_id, chunk.status
            ), \(ChunkCount.parents(in: schema, at: now))
            SELECT line.id AS lost, NULL::uuid AS merging, NULL AS told
            FROM line WHERE line.id NOT IN (SELECT id FROM changed)
            UNION ALL
            SELECT NULL, id, (SELECT pg_notify($10::text, 'jobs')::text) FROM parents WHERE status = 'MERGING'
            """
    }

    /// A merge is told of on `channel`, on which new jobs are.
    ///
    /// A retry is sent as how long after `hostNow` it is, for the clock by which it was chosen may differ from the
    /// server's.
    ///
    /// - Throws: `invalid` for a result that no store can keep.
    static func parameters(
        _ settlements: [ChunkSettlement], at now: PostgresParameter, hostNow: Timestamp, channel: String
    ) throws(StoreError) -> [PostgresParameter] {
        var lines = Lines(capacity: settlements.count, now: hostNow)
        for settlement in settlements { try lines.append(settlement) }
        return [
            .uuids(lines.ids), .int8s(lines.tokens), .texts(lines.outcomes), .int8s(lines.delays),
            .texts(lines.errors), .jsons(lines.results), .bools(lines.cached), .texts(lines.cacheKeys), now,
            .text(channel),
        ]
    }

    /// The columns of a batch.
    private struct Lines {
        let now: Timestamp
        var ids: [UUID?] = []
        var tokens: [Int64?] = []
        var outcomes: [String?] = []
        var delays: [Int64?] = []
        var errors: [String?] = []
        var results: [String?] = []
        var cached: [Bool?] = []
        var cacheKeys: [String?] = []

        init(capacity: Int, now: Timestamp) {
            self.now = now
            ids.reserveCapacity(capacity)
            tokens.reserveCapacity(capacity)
            outcomes.reserveCapacity(capacity)
            delays.reserveCapacity(capacity)
            errors.reserveCapacity(capacity)
            results.reserveCapacity(capacity)
            cached.reserveCapacity(capacity)
            cacheKeys.reserveCapacity(capacity)
        }

        mutating func append(_ settlement: ChunkSettlement) throws(StoreError) {
            switch settlement.outcome {
            case .completed(let value, let isFromCache):
                append("completed", result: try Self.json(value), isFromCache: isFromCache)
            case .retry(let time, let message): append("retry", at: time, error: message)
            case .failed(let message): append("failed", error: message)
            case .released: append("released")
            }
            ids.append(settlement.chunkID.uuid)
            tokens.append(settlement.token.value)
            cacheKeys.append(settlement.cacheKey?.text)
        }

        private mutating func append(
            _ outcome: String, at time: Timestamp? = nil, error: String? = nil, result: String? = nil,
            isFromCache: Bool = false
        ) {
            outcomes.append(outcome)
            delays.append(time.map { ($0 - now).wholeMicroseconds })
            errors.append(error)
            results.append(result)
            cached.append(isFromCache)
        }

        private static func json(_ result: ChunkResult) throws(StoreError) -> String {
            do throws(InvalidValue) {
                return try JSONText(encoding: result).text
            } catch {
                throw StoreError(.invalid, "the store cannot keep this result: \(error)", cause: error)
            }
        }
    }
}
