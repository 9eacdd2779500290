/// Observes how long things take, in a histogram of seconds.
public struct MetricTimer: MetricHandle {
    static let unit = "seconds"

    /// What the times are counted in.
    public let histogram: MetricHistogram

    /// Times with a histogram, which should be one of seconds.
    public init(_ histogram: MetricHistogram) {
        self.histogram = histogram
    }

    /// The name of the metric, without the endings of its series.
    public var name: MetricName { histogram.name }

    /// The labels of its series, without `le` and those of the collector.
    public var labels: MetricLabels { histogram.labels }

    /// Counts a time.
    public func record(_ time: Duration) {
        histogram.observe(time.inSeconds)
    }

    /// Runs something and counts how long it took, whether it returns or throws.
    public func measure<Result, Failure: Error>(
        _ clock: some Clock<Duration> = ContinuousClock(), _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let start = clock.now
        defer { record(start.duration(to: clock.now)) }
        return try body()
    }

    /// Runs something that waits and counts how long it took, whether it returns or throws.
    public func measure<Result, Failure: Error>(
        _ clock: some Clock<Duration> = ContinuousClock(), isolation: isolated (any Actor)? = #isolation,
        _ body: () async throws(Failure) -> sending Result
    ) async throws(Failure) -> sending Result {
        let start = clock.now
        defer { record(start.duration(to: clock.now)) }
        return try await body()
    }
}
