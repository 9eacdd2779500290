public import MillraceCore

extension PostgresJobQueueRepository {
    /// Reads claimable jobs; leases nothing.
    public func findPendingJobs(queueName: QueueName, limit: Int) async throws(StoreError) -> [Job] {
        try await store.rows(
            statements.read.pending, [.text(queueName.name), .int8(Int64(max(0, limit))), store.now],
            isIdempotent: true, JobRow.read)
    }

    /// Reads the counts of a queue, which the store keeps.
    public func jobStats(queueName: QueueName) async throws(StoreError) -> JobStats {
        // Where nobody claims, nobody else adds the counts up.
        await upkeep()
        return try await statements.counts.read(queueName, in: store)[queueName]
            ?? JobStats(counts: [:], oldestQueuedAge: nil)
    }

    /// Reads the counts of all queues, which the store keeps.
    public func jobStats() async throws(StoreError) -> [QueueName: JobStats] {
        await upkeep()
        return try await statements.counts.read(in: store)
    }

    /// Reads a page of jobs, newest first.
    public func jobs(
        matching filter: JobFilter, before cursor: JobID?, limit: Int
    ) async throws(StoreError) -> [Job] {
        try await statements.list.jobs(matching: filter, before: cursor, limit: limit, in: store)
    }
}
