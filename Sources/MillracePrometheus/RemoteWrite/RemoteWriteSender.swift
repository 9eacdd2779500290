internal import AsyncHTTPClient
public import MillraceCore
internal import Synchronization

/// Sends what is in an outbox to an endpoint of remote write 1.0, each shard by one request at a time.
///
/// Samples of a series arrive in their order. What the endpoint does not take now is sent again until it does, or is too old;
/// what it refuses for good goes to quarantine, and so does a series that it fails on while it takes others. Cancelling the
/// task of ``run()`` loses nothing: what was not acknowledged stays in the outbox. What was under way may arrive again then,
/// with the same times and values, which Prometheus takes without storing it twice.
public final class RemoteWriteSender: Sendable {
    /// Where samples go, and how.
    public let configuration: RemoteWriteConfiguration

    let outbox: Outbox
    let measures: RemoteWriteMeasures?
    let time: MonotonicTime
    let clock: any WallClock
    private let client: HTTPClient.Configuration
    private let onWarning: @Sendable (RemoteWriteWarning) -> Void
    private let bells: [Doorbell]
    private let state = Mutex(State())

    private struct State {
        var traffic = EndpointTraffic()
        var pausedUntil: Duration?
        var flushes: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastFlush = 0
        var isAway = false
        var lastRefusal: Duration?
    }

    /// Makes a sender, which sends nothing before ``run()``.
    ///
    /// It measures itself in `collector`, and tells `onWarning` what an operator should know: once when the endpoint cannot be
    /// used, until it can again; and at most once a minute that samples were refused.
    ///
    /// - Throws: `InvalidValue` when a file of TLS cannot be used, or `collector` has metrics of the same names that are others.
    public init(
        _ configuration: RemoteWriteConfiguration, outbox: Outbox, collector: MetricsCollector? = nil,
        time: MonotonicTime = MonotonicTime(ContinuousClock()),
        clock: any WallClock = SystemWallClock(),
        onWarning: @escaping @Sendable (RemoteWriteWarning) -> Void = { _ in }
    ) throws(InvalidValue) {
        self.configuration = configuration
        self.outbox = outbox
        self.time = time
        self.clock = clock
        self.onWarning = onWarning
        var client = try PrometheusEndpoint.clientConfiguration(for: configuration.endpoint)
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = outbox.shardCount
        self.client = client
        let accounting = outbox.accounting
        measures = try collector.map { collector throws(InvalidValue) in
            try RemoteWriteMeasures(collector, since: accounting)
        }
        bells = (0..<outbox.shardCount).map { _ in Doorbell() }
    }

    /// Sends until the task is cancelled. Not to be called twice at one time.
    public func run() async {
        // What is thrown here can only come of closing the client, when all has been said.
        try? await HTTPClient.withHTTPClient(configuration: client) { client in
            let transport = HTTPTransport(configuration, client: client, clock: clock)
            await withDiscardingTaskGroup { group in
                for (shard, bell) in bells.enumerated() {
                    group.addTask {
                        var sender = ShardSender(shard, of: self, by: transport, bell: bell)
                        await sender.run()
                    }
                }
            }
        }
    }

    /// Sends what is in the outbox at once, without waiting for more, while ``run()`` runs.
    ///
    /// - Returns: whether nothing is left; `false` when the time is up or the task cancelled, and something is.
    public func flush(within limit: Duration) async -> Bool {
        let (settlements, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastFlush += 1
            state.flushes[state.lastFlush] = continuation
            return state.lastFlush
        }
        for bell in bells { bell.ring() }
        continuation.yield()
        await time.limit(limit) { [outbox] in
            for await _ in settlements where outbox.accounting.pending == 0 { return }
        }
        state.withLock { $0.flushes[id] = nil }
        return outbox.accounting.pending == 0
    }
}

// What shards tell, and want to know.
extension RemoteWriteSender {
    /// Whether somebody waits for the outbox to be empty.
    var isFlushing: Bool { state.withLock { !$0.flushes.isEmpty } }

    /// Until when the endpoint wants no requests at all.
    var pausedUntil: Duration? { state.withLock { $0.pausedUntil } }

    /// Notes an answer; `failures` counts those in a row of one shard.
    ///
    /// - Returns: what the endpoint has done with all requests, this one included.
    func note(_ reply: HTTPTransport.Reply, failures: Int) -> EndpointTraffic {
        let now = time.now()
        let (traffic, isNews) = state.withLock { state in
            state.traffic.note(reply.answer)
            var isAway = state.isAway
            switch reply.answer {
            case .taken: isAway = false
            case .rejected: break
            case .limited(let pause):
                // The limit is on all that we send.
                if let pause { state.pausedUntil = now + min(pause, configuration.retry.longestPause) }
                isAway = isAway || failures >= 3
            // A single failure is nothing to be told of.
            case .failed: isAway = isAway || failures >= 3
            case .unreachable: isAway = true
            }
            let isNews = isAway && !state.isAway
            state.isAway = isAway
            return (state.traffic, isNews)
        }
        if isNews { onWarning(RemoteWriteWarning(away: explanation(of: reply))) }
        return traffic
    }

    /// Tells the operator that samples went to quarantine.
    func warn(of reply: HTTPTransport.Reply) {
        let now = time.now()
        let isNews = state.withLock { state in
            if let last = state.lastRefusal, now - last < .seconds(60) { return false }
            state.lastRefusal = now
            return true
        }
        if isNews { onWarning(RemoteWriteWarning(refused: explanation(of: reply))) }
    }

    /// Settles blocks of a shard, and tells those who wait for it.
    func settle(_ settlements: [OutboxSettlement]) {
        outbox.settle(settlements)
        for settlement in settlements where settlement.acknowledged > 0 {
            measures?.acknowledged(upTo: settlement.block.newest)
        }
        measure()
        for flush in state.withLock({ Array($0.flushes.values) }) { flush.yield() }
    }

    /// Brings what is measured up to what the outbox says.
    func measure() {
        guard let measures else { return }
        let newest = bells.indices.compactMap { outbox.newestEnqueued(shard: $0) }.max()
        measures.update(outbox.accounting, newest: newest)
    }

    private func explanation(of reply: HTTPTransport.Reply) -> String {
        let endpoint = configuration.endpoint
        let said = reply.text.split(whereSeparator: \.isNewline).first.map { ": \($0)" } ?? ""
        guard let status = reply.status else {
            return "\(endpoint) cannot be used\(said); see that it runs there, and that the URL is right"
        }
        let advice =
            switch status {
            case 300..<400: "it sends elsewhere, which is not followed; name that place"
            case 401, 403: "check the user and the password, or the token"
            case 404, 405:
                "see that the URL is right, and that Prometheus runs with --web.enable-remote-write-receiver"
            case 400..<500: "`millrace metrics outbox` lists what it was"
            default: "its log says why"
            }
        return "\(endpoint) answers with status \(status)\(said); \(advice)"
    }
}
