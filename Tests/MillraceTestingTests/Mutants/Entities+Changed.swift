import MillraceCore

extension Job {
    /// The same job with another state, past the rules of the core.
    func changed(queueName: QueueName? = nil, _ edit: (inout State) -> Void = { _ in }) -> Job {
        var state = State(
            status: status, retryCount: retryCount, crashes: crashes, leaseToken: leaseToken, workerID: workerID,
            scheduledAt: scheduledAt, startedAt: startedAt, completedAt: completedAt, updatedAt: updatedAt,
            errorMessage: errorMessage, result: result, awaits: awaits)
        edit(&state)
        let request = JobRequest(
            type, payload: payload, queueName: queueName ?? self.queueName, priority: priority,
            maxRetries: maxRetries, uniqueKey: uniqueKey, transcriptID: transcriptID,
            engine: engine, timeout: timeout, traceContext: traceContext)
        return Job(request, id: id, createdAt: createdAt, state: state)
    }
}

extension ChunkTask {
    /// The same chunk with other counts, past the rules of the core.
    func changed(retryCount: Int? = nil, crashes: Int? = nil) -> ChunkTask {
        ChunkTask(
            id: id, processingID: processingID, index: index, range: range, maxRetries: maxRetries, status: status,
            retryCount: retryCount ?? self.retryCount, crashes: crashes ?? self.crashes, leaseToken: leaseToken,
            workerID: workerID, scheduledAt: scheduledAt, startedAt: startedAt, completedAt: completedAt,
            errorMessage: errorMessage, result: result, isFromCache: isFromCache)
    }
}
