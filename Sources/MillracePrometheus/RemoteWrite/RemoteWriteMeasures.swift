internal import MillraceCore
internal import Synchronization

/// What a sender measures of itself: `millrace_remote_write_…`.
final class RemoteWriteMeasures: Sendable {
    private let collector: MetricsCollector
    private let acknowledged: MetricCounter
    private let enqueued: MetricCounter
    private let retried: MetricCounter
    private let bytes: MetricCounter
    private let pending: MetricGauge
    private let newestAcknowledged: MetricGauge
    private let newestEnqueued: MetricGauge
    private let pause: MetricGauge
    private let duration: MetricTimer
    private let dropped: [OutboxDropReason: MetricCounter]
    private let state = Mutex(State())

    private struct State {
        /// As far as it was counted, by slot.
        var accounts: [Int: OutboxAccounting] = [:]
        var newestAcknowledged: Timestamp?
        var newestEnqueued: Timestamp?
        var requests: [String: MetricCounter] = [:]
    }

    /// Makes the metrics known to a collector.
    init(_ collector: MetricsCollector) throws(InvalidValue) {
        self.collector = collector
        acknowledged = try collector.counter(RemoteWriteMetrics.acknowledged.definition)
        enqueued = try collector.counter(RemoteWriteMetrics.enqueued.definition)
        retried = try collector.counter(RemoteWriteMetrics.retried.definition)
        bytes = try collector.counter(RemoteWriteMetrics.bytes.definition)
        pending = try collector.gauge(RemoteWriteMetrics.pending.definition)
        newestAcknowledged = try collector.gauge(RemoteWriteMetrics.newestAcknowledged.definition)
        newestEnqueued = try collector.gauge(RemoteWriteMetrics.newestEnqueued.definition)
        pause = try collector.gauge(RemoteWriteMetrics.pause.definition)
        duration = try collector.timer(RemoteWriteMetrics.duration.definition)
        var dropped: [OutboxDropReason: MetricCounter] = [:]
        for reason in OutboxDropReason.allCases {
            let labels = try MetricLabels(["reason": reason.rawValue])
            dropped[reason] = try collector.counter(RemoteWriteMetrics.dropped.definition, labels: labels)
        }
        self.dropped = dropped
    }

    /// Counts what becomes of the outbox of a slot from now on.
    func begin(_ outbox: Outbox) {
        state.withLock { $0.accounts[outbox.slot] = outbox.accounting }
    }

    /// Counts an outbox no longer, nor what waits in it.
    func end(_ outbox: Outbox) {
        state.withLock { state in
            state.accounts[outbox.slot] = nil
            setPending(state)
        }
    }

    /// Notes a request and its answer.
    func sent(
        _ samples: Int, _ size: Int, attempt: Int, took time: Duration, _ reply: HTTPTransport.Reply
    ) {
        if attempt > 0 { retried.increment(by: samples) }
        bytes.increment(by: size)
        duration.record(time)
        request(reply.status)?.increment()
        switch reply.answer {
        case .limited(let wait?), .failed(let wait?): pause.set(wait.inSeconds)
        default: pause.set(0)
        }
    }

    /// Notes the time of samples that were taken.
    func acknowledged(upTo time: Timestamp) {
        state.withLock { state in
            Self.raise(newestAcknowledged, &state.newestAcknowledged, to: time)
        }
    }

    /// Notes what an outbox has come to.
    func update(_ outbox: Outbox) {
        let newest = (0..<outbox.shardCount).compactMap { outbox.newestEnqueued(shard: $0) }.max()
        // Looked at within the lock, as shards do it side by side.
        state.withLock { state in
            guard let before = state.accounts[outbox.slot] else { return }
            let now = outbox.accounting
            state.accounts[outbox.slot] = now
            acknowledged.increment(by: now.acknowledged - before.acknowledged)
            enqueued.increment(by: now.enqueued - before.enqueued)
            for (reason, count) in now.dropped {
                dropped[reason]?.increment(by: count - before.dropped[reason, default: 0])
            }
            setPending(state)
            if let newest { Self.raise(newestEnqueued, &state.newestEnqueued, to: newest) }
        }
    }

    private func setPending(_ state: State) {
        pending.set(state.accounts.values.reduce(0) { $0 + $1.pending })
    }

    private func request(_ status: Int?) -> MetricCounter? {
        let code = status.map { (100...599).contains($0) ? "\($0)" : "other" } ?? "none"
        return state.withLock { state in
            if let counter = state.requests[code] { return counter }
            let labels = (try? MetricLabels(["code": code])) ?? .none
            let counter = try? collector.counter(RemoteWriteMetrics.requests.definition, labels: labels)
            state.requests[code] = counter
            return counter
        }
    }

    /// Raises a time that never goes back.
    private static func raise(_ gauge: MetricGauge, _ last: inout Timestamp?, to time: Timestamp) {
        let newest = max(last ?? time, time)
        last = newest
        gauge.set(Double(newest.microseconds) / 1_000_000)
    }
}
