internal import CoreMetrics
internal import MillraceCore

/// What a pool measures, by handles that are made once. Several pools of a process add up.
struct PoolMetrics: Sendable {
    /// How many connections and callers there are, or by how many there are more than before.
    struct Counts: Hashable, Sendable {
        var inUse = 0
        var idle = 0
        var waiting = 0

        static func - (left: Counts, right: Counts) -> Counts {
            Counts(
                inUse: left.inUse - right.inUse, idle: left.idle - right.idle, waiting: left.waiting - right.waiting)
        }
    }

    private let inUse: Meter
    private let idle: Meter
    private let waiting: Meter
    private let wait: Timer
    private let timeouts: Counter
    private let opened: Counter
    private let failed: Counter

    /// Makes the handles; `nil` when nobody measures.
    init?() {
        let factory = MetricsSystem.factory
        if factory is NOOPMetricsHandler { return nil }
        func connections(_ state: String) -> Meter {
            let metric = MillraceMetrics.poolConnections
            return Meter(label: metric.name, dimensions: metric.dimensions(state), factory: factory)
        }
        func opens(_ result: String) -> Counter {
            let metric = MillraceMetrics.poolOpens
            return Counter(label: metric.name, dimensions: metric.dimensions(result), factory: factory)
        }
        inUse = connections("in_use")
        idle = connections("idle")
        waiting = Meter(label: MillraceMetrics.poolWaiting.name, factory: factory)
        wait = Timer(label: MillraceMetrics.poolWait.name, factory: factory)
        timeouts = Counter(label: MillraceMetrics.poolTimeouts.name, factory: factory)
        opened = opens("success")
        failed = opens("failure")
    }

    /// Shows that there are so many more.
    func add(_ change: Counts) {
        move(inUse, by: change.inUse)
        move(idle, by: change.idle)
        move(waiting, by: change.waiting)
    }

    /// Neither way of a meter takes what is below zero.
    private func move(_ meter: Meter, by change: Int) {
        if change > 0 { meter.increment(by: Double(change)) }
        if change < 0 { meter.decrement(by: Double(-change)) }
    }

    /// Measures how long a caller has waited, and whether it was in vain.
    func noteWait(of duration: Duration, isTimedOut: Bool) {
        wait.recordNanoseconds(duration.wholeNanoseconds)
        if isTimedOut { timeouts.increment() }
    }

    /// Counts an attempt to open a connection.
    func noteOpen(isSuccess: Bool) {
        (isSuccess ? opened : failed).increment()
    }
}
