/// What a queue gives to jobs that say nothing else. Kept as JSON in `job_queues`.
public struct QueueSettings: Sendable, Hashable, Codable {
    /// Retries after the first run of a job that no queue says more about.
    public static let standardMaxRetries = 3

    /// Retries after the first run of a job that is added through the queue and does not say.
    public var maxRetries: Int

    /// Makes settings; the default is the library's.
    public init(maxRetries: Int = standardMaxRetries) {
        self.maxRetries = max(0, maxRetries)
    }
}
