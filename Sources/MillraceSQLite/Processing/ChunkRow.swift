internal import GRDB
internal import MillraceCore

/// How a chunk is read from its row.
enum ChunkRow {
    static let columns = """
        id, processing_id, chunk_index, start_sample, end_sample, max_retries, status, retry_count, crashes, \
        lease_token, worker_id, scheduled_at, started_at, completed_at, error_message, result, is_from_cache
        """

    static func read(_ row: inout RowReader) throws -> ChunkTask {
        ChunkTask(
            id: try row.id(), processingID: try row.id(), index: try row.value(),
            range: try SampleRange(start: row.value(), end: row.value()), maxRetries: try row.value(),
            status: try row.choice(), retryCount: try row.value(), crashes: try row.value(),
            leaseToken: try row.token(), workerID: try row.optionalID(), scheduledAt: try row.optionalTime(),
            startedAt: try row.optionalTime(), completedAt: try row.optionalTime(), errorMessage: try row.optional(),
            result: try row.optional(String.self).map { try JSONText(stored: $0).decode() },
            isFromCache: try row.value())
    }
}
