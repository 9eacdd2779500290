internal import Foundation
public import MillraceCore

/// A repository of metrics, ready for a rule of ``MetricsContract``.
///
/// It need not be empty: each rule has metrics of its own.
public struct MetricsFixture: Sendable {
    /// What the rule tries.
    public var repository: any MetricsRepository
    /// The clock that it reads. Rules write samples from its start on, none of which is later than ``span`` behind it.
    public let clock: ManualClock
    /// Where the clock stood in the beginning.
    public let base: Timestamp
    /// Decides what random rules do; named in their violations.
    public let seed: UInt64
    /// Returns when what was written can be found.
    public var settle: @Sendable () async throws -> Void
    /// How many statements the store has run so far, for rules in `statementRules`.
    public var statementCount: (@Sendable () -> Int)?

    private let mark: String

    /// No sample of a rule is later than so long behind the clock's start.
    public static let span = Duration.seconds(25 * 60)
    /// The retention of adapters that `retentionRules` try.
    public static let retention = Duration.seconds(15 * 60)

    /// Gathers a repository and its clock, which nobody has moved yet.
    public init(
        _ repository: any MetricsRepository, clock: ManualClock, seed: UInt64 = TestSeed.value,
        settle: @escaping @Sendable () async throws -> Void = {}, statementCount: (@Sendable () -> Int)? = nil
    ) {
        self.repository = repository
        self.clock = clock
        self.seed = seed
        self.settle = settle
        self.statementCount = statementCount
        base = clock.timeOfDay
        mark = "contract_" + UUID().uuidString.replacing("-", with: "").lowercased()
    }

    /// The in-memory repository over a store of its own.
    public static func inMemory(
        seed: UInt64 = TestSeed.value, retention: Duration = MetricRetention.standard
    ) -> MetricsFixture {
        let clock = ManualClock()
        return inMemory(InMemoryStore(clock: clock), clock: clock, seed: seed, retention: retention)
    }

    static func inMemory(
        _ store: InMemoryStore, clock: ManualClock, seed: UInt64, retention: Duration
    ) -> MetricsFixture {
        MetricsFixture(
            InMemoryMetricsRepository(store, retention: retention), clock: clock, seed: seed,
            statementCount: { store.passCount })
    }

    /// A name that no other fixture has.
    func name(_ ending: String) throws -> MetricName { try MetricName("\(mark)_\(ending)") }

    /// The time so many seconds behind the clock's start.
    func at(_ seconds: Double) -> Timestamp { base + .milliseconds(Int64((seconds * 1_000).rounded())) }

    /// A range in seconds behind the clock's start.
    func range(_ start: Double, _ end: Double, step: Double = 60) throws -> TimeRange {
        try TimeRange(from: at(start), to: at(end), step: .milliseconds(Int64((step * 1_000).rounded())))
    }

    /// Writes samples, and waits until they can be found.
    func write(_ samples: [MetricSample]) async throws {
        try await repository.write(samples)
        try await settle()
    }

    /// Writes the values of a series by the seconds at which it had them.
    func write(_ series: MetricSeries, _ values: KeyValuePairs<Double, Double>) async throws {
        try await write(values.map { MetricSample(series, $0.value, at: at($0.key)) })
    }

    /// Moves the clock to a time, which lies before it.
    func move(to seconds: Double) { clock.advance(by: at(seconds) - clock.timeOfDay) }

    /// Fails unless the values of a metric at the steps of a range are these, by labels and seconds.
    func requireValues(
        _ name: MetricName, _ range: TimeRange, tags: [String: String] = [:], _ what: String,
        _ expected: [(labels: [String: String], values: KeyValuePairs<Double, Double>)]
    ) async throws {
        let found = try await repository.queryTimeSeries(name, range: range, tags: MetricLabels(tags))
        let wanted = try expected.map { labels, values in
            MetricTimeSeries(
                MetricSeries(name, try MetricLabels(labels)), values.map { TimestampedValue($0.value, at: at($0.key)) })
        }
        try requireEqual(found, wanted, what)
    }

    /// Fails unless the latest value of a metric is this.
    func requireLatest(
        _ name: MetricName, _ expected: Double?, tags: [String: String] = [:], _ what: String
    ) async throws {
        let found = try await repository.queryLatest(name, tags: MetricLabels(tags))
        try requireEqual(found, expected, what)
    }

    /// Fails unless a percentile of a histogram is this, but for rounding.
    func requirePercentile(
        _ percentile: Double, of name: MetricName, _ range: TimeRange, tags: [String: String] = [:],
        _ expected: Double?, _ what: String
    ) async throws {
        let found = try await repository.percentile(
            Percentile(percentile), of: name, range: range, tags: MetricLabels(tags))
        try requireNear(found, expected, what)
    }
}

/// Fails the rule unless two numbers are the same but for rounding.
func requireNear(_ actual: Double?, _ expected: Double?, _ what: @autoclosure () -> String) throws {
    let isNear =
        switch (actual, expected) {
        case (nil, nil): true
        case (let actual?, let expected?): actual == expected || abs(actual - expected) <= 1e-9 * abs(expected)
        default: false
        }
    try require(
        isNear,
        "\(what()): expected \(expected.map { "\($0)" } ?? "nothing"), got \(actual.map { "\($0)" } ?? "nothing")")
}
