internal import MillraceCore

/// How a chunk is read from its row.
enum ChunkRow {
    static let columns = """
        id, processing_id, chunk_index, start_sample, end_sample, max_retries, status, retry_count, crashes, \
        lease_token, worker_id, scheduled_at, started_at, completed_at, error_message, result, is_from_cache
        """

    /// The columns of the row that goes by a name in the statement.
    static func columns(of name: String) -> String {
        columns.split(separator: ", ").map { "\(name).\($0)" }.joined(separator: ", ")
    }

    static func read(_ row: inout RowReader) throws -> ChunkTask {
        try read(&row, id: row.id())
    }

    /// Reads the columns behind the first.
    static func read(_ row: inout RowReader, id: ChunkID) throws -> ChunkTask {
        ChunkTask(
            id: id, processingID: try row.id(), index: try row.value(),
            range: try SampleRange(start: row.value(), end: row.value()), maxRetries: try row.value(),
            status: try row.choice(), retryCount: try row.value(), crashes: try row.value(),
            leaseToken: try row.token(), workerID: try row.optionalID(), scheduledAt: try row.optionalTime(),
            startedAt: try row.optionalTime(), completedAt: try row.optionalTime(), errorMessage: try row.optional(),
            result: try row.optionalJSON(), isFromCache: try row.value())
    }
}
