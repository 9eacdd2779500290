/// What a queue gives to jobs that say nothing else. Kept as JSON in `job_queues`.
public struct QueueSettings: Sendable, Hashable, Codable {
    /// Retries after the first run.
    public var maxRetries: Int
    /// How long to wait before each retry.
    public var retryPolicy: RetryPolicy

    /// Makes settings; the defaults are the library's.
    public init(maxRetries: Int = 3, retryPolicy: RetryPolicy = .exponential()) {
        self.maxRetries = maxRetries
        self.retryPolicy = retryPolicy
    }
}
