internal import CoreMetrics
internal import MillraceCore
internal import NIOCore

/// What a client measures, by handles that are made once. Several clients of a process add up.
struct RedisMetrics: Sendable {
    /// How a command ended.
    enum Outcome: String, CaseIterable {
        case answered
        case timedOut = "timed_out"
        /// Its connection went, or was given up.
        case lost
        /// It was never sent.
        case refused
        case cancelled
    }

    private let outcomes: [Outcome: Counter]
    private let roundTrip: Timer
    private let connections: Counter

    /// Makes the handles; `nil` when nobody measures.
    init?() {
        let factory = MetricsSystem.factory
        if factory is NOOPMetricsHandler { return nil }
        let commands = MillraceMetrics.redisCommands
        outcomes = Dictionary(
            uniqueKeysWithValues: Outcome.allCases.map { outcome in
                let dimensions = commands.dimensions(outcome.rawValue)
                return (outcome, Counter(label: commands.name, dimensions: dimensions, factory: factory))
            })
        roundTrip = Timer(label: MillraceMetrics.redisRoundTrip.name, factory: factory)
        connections = Counter(label: MillraceMetrics.redisConnections.name, factory: factory)
    }

    /// Counts commands that ended together.
    func count(_ commands: Int, _ outcome: Outcome) {
        if commands > 0 { outcomes[outcome]?.increment(by: commands) }
    }

    /// Measures the time from a command to its reply.
    func note(roundTrip time: TimeAmount) {
        roundTrip.recordNanoseconds(max(0, time.nanoseconds))
    }

    /// Counts a connection.
    func noteConnection() {
        connections.increment()
    }
}

extension RedisMetrics.Outcome {
    /// How a command ended that failed with an error of the client.
    init(_ code: RedisError.Code) {
        self =
            switch code {
            case .timedOut: .timedOut
            case .cancelled: .cancelled
            case .connectionLost, .closed: .lost
            default: .refused
            }
    }
}
