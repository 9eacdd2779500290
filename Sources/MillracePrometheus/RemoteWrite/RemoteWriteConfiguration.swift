public import MillraceCore

/// Where samples are sent, in what portions, and what is done when they are not taken.
public struct RemoteWriteConfiguration: Sendable {
    /// What takes them.
    public let endpoint: PrometheusEndpoint
    /// The most samples of a request, as long as no block of the outbox has more.
    public var samplesPerRequest: Int
    /// How long samples wait for others, so that a request is full.
    public var batchDeadline: Duration
    /// When and how often a request is repeated.
    public var retry: RetrySettings
    /// How the sender names itself: a name, a slash and a version; Millrace's own unless told otherwise.
    public var userAgent = MillraceVersion.userAgent
    /// Samples that are older are dropped, since Prometheus refuses what is an hour older than its newest.
    public var maximumSampleAge: Duration

    /// Makes a configuration: 2,000 samples, one second, and samples of up to 55 minutes.
    ///
    /// - Throws: `InvalidValue` when a number makes no sense.
    public init(
        _ endpoint: PrometheusEndpoint, samplesPerRequest: Int = 2_000, batchDeadline: Duration = .seconds(1),
        retry: RetrySettings = .standard, maximumSampleAge: Duration = .seconds(55 * 60)
    ) throws(InvalidValue) {
        guard (1...100_000).contains(samplesPerRequest) else {
            throw InvalidValue("samples of a request", "must be 1 to 100000, not \(samplesPerRequest)")
        }
        guard batchDeadline >= .zero, batchDeadline <= .seconds(3_600) else {
            throw InvalidValue("batch deadline", "must be between none and an hour")
        }
        guard maximumSampleAge > .zero, maximumSampleAge <= .seconds(365 * 86_400) else {
            throw InvalidValue("age of samples", "must be more than none, and at most a year")
        }
        self.endpoint = endpoint
        self.samplesPerRequest = samplesPerRequest
        self.batchDeadline = batchDeadline
        self.retry = retry
        self.maximumSampleAge = maximumSampleAge
    }
}
