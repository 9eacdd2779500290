internal import MillraceCore

/// How a processing is read from its row.
enum ProcessingRow {
    static let columns = """
        id, transcript_id, source, recipe, run_key, queue_name, priority, trace_context, status, round, version, \
        total_chunks, completed_chunks, failed_chunks, progress, created_at, started_at, completed_at, updated_at, \
        error_message
        """

    static func read(_ row: inout RowReader) throws -> ParallelProcessor.Row {
        ParallelProcessor.Row(
            id: try row.id(), transcriptID: try row.id(), source: try row.json(), recipe: try row.json(),
            runKey: RunKey(stored: ContentHash(stored: try row.value())),
            queueName: QueueName(stored: try row.value()), priority: try row.choice(),
            traceContext: try row.headers(), status: try row.choice(), round: try row.value(),
            version: try row.value(), totalChunks: try row.value(), completedChunks: try row.value(),
            failedChunks: try row.value(), shownProgress: try row.value(), createdAt: try row.time(),
            startedAt: try row.optionalTime(), completedAt: try row.optionalTime(), updatedAt: try row.time(),
            errorMessage: try row.optional())
    }
}
