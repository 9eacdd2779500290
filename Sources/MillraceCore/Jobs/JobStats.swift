/// How many jobs of a queue stand where.
public struct JobStats: Sendable, Hashable {
    /// A count for each status; none is missing.
    public let counts: [JobStatus: Int]
    /// How long the oldest QUEUED job has waited; `nil` when none is QUEUED.
    public let oldestQueuedAge: Duration?

    /// Describes a queue; statuses that are missing count 0.
    public init(counts: [JobStatus: Int], oldestQueuedAge: Duration?) {
        var complete = Dictionary(uniqueKeysWithValues: JobStatus.allCases.map { ($0, 0) })
        complete.merge(counts) { $1 }
        self.counts = complete
        self.oldestQueuedAge = oldestQueuedAge
    }

    /// The number of jobs in one status.
    public subscript(status: JobStatus) -> Int { counts[status] ?? 0 }

    /// The number of jobs in all.
    public var total: Int { counts.values.reduce(0, +) }
}
