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
    private let state: Mutex<State>

    private struct State {
        var acknowledged: Int
        var enqueued: Int
        var dropped: [OutboxDropReason: Int]
        var newestAcknowledged: Timestamp?
        var requests: [String: MetricCounter] = [:]
    }

    /// Makes the metrics known to a collector; counts from what an outbox has done before.
    init(_ collector: MetricsCollector, since accounting: OutboxAccounting) throws(InvalidValue) {
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
        state = Mutex(
            State(
                acknowledged: accounting.acknowledged, enqueued: accounting.enqueued,
                dropped: accounting.dropped))
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
            state.newestAcknowledged = max(state.newestAcknowledged ?? time, time)
            newestAcknowledged.set(Self.seconds(state.newestAcknowledged ?? time))
        }
    }

    /// Notes what an outbox has come to.
    func update(_ accounting: OutboxAccounting, newest: Timestamp?) {
        // Shards look at it side by side: a look from before another's adds nothing.
        state.withLock { state in
            acknowledged.increment(by: Self.raise(&state.acknowledged, to: accounting.acknowledged))
            enqueued.increment(by: Self.raise(&state.enqueued, to: accounting.enqueued))
            for (reason, count) in accounting.dropped {
                dropped[reason]?.increment(by: Self.raise(&state.dropped[reason, default: 0], to: count))
            }
            pending.set(accounting.pending)
        }
        if let newest { newestEnqueued.set(Self.seconds(newest)) }
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

    /// Raises a number that never falls.
    ///
    /// - Returns: by how much.
    private static func raise(_ number: inout Int, to new: Int) -> Int {
        let difference = max(0, new - number)
        number += difference
        return difference
    }

    private static func seconds(_ time: Timestamp) -> Double { Double(time.microseconds) / 1_000_000 }
}
