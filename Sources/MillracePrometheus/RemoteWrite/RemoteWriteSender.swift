internal import AsyncHTTPClient
public import MillraceCore
internal import Synchronization

/// Sends what is in an outbox to an endpoint of remote write 1.0, each shard by one request at a time.
///
/// Samples of a series arrive in their order. What the endpoint does not take now is sent again until it does, or is too old;
/// what it refuses for good goes to quarantine, and so does a series that it fails on while it takes others. Cancelling the
/// task of ``run()`` loses nothing: what was not acknowledged stays in the outbox. What was under way may arrive again then,
/// with the same times and values, which Prometheus takes without storing it twice.
///
/// What processes have left in other slots of the outbox's folder is sent too, one slot after the other, at the start and
/// every half a minute. The slot is held meanwhile, as its process held it, and keeps its own account and quarantine.
public final class RemoteWriteSender: Sendable {
    /// Where samples go, and how.
    public let configuration: RemoteWriteConfiguration

    let outbox: Outbox
    let measures: RemoteWriteMeasures?
    let time: MonotonicTime
    let clock: any WallClock
    let watch: EndpointWatch
    private let client: HTTPClient.Configuration
    private let bells: [Doorbell]
    private let state = Mutex(State())
    /// How often other slots are looked at.
    private static let roundTime = Duration.seconds(30)

    private struct State {
        var flushes: [Int: AsyncStream<Void>.Continuation] = [:]
        var lastFlush = 0
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
        watch = EndpointWatch(configuration, time: time, onWarning: onWarning)
        var client = try PrometheusEndpoint.clientConfiguration(for: configuration.endpoint)
        // Each shard has one request under way, also those of a slot that was left.
        client.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit =
            outbox.shardCount + OutboxOptions.maximumShards
        self.client = client
        measures = try collector.map { collector throws(InvalidValue) in try RemoteWriteMeasures(collector) }
        measures?.begin(outbox)
        bells = (0..<outbox.shardCount).map { _ in Doorbell() }
    }

    /// Makes a sender of what was left in another slot.
    private init(_ abandoned: Outbox, for sender: RemoteWriteSender) {
        configuration = sender.configuration
        outbox = abandoned
        time = sender.time
        clock = sender.clock
        watch = sender.watch
        client = sender.client
        measures = sender.measures
        measures?.begin(abandoned)
        bells = (0..<abandoned.shardCount).map { _ in Doorbell() }
    }

    /// Sends until the task is cancelled. Not to be called twice at one time.
    public func run() async {
        // What is thrown here can only come of closing the client, when all has been said.
        try? await HTTPClient.withHTTPClient(configuration: client) { client in
            let transport = HTTPTransport(configuration, client: client, clock: clock)
            await withDiscardingTaskGroup { group in
                group.addTask { await self.send(by: transport) }
                group.addTask { await self.sendAbandoned(by: transport) }
            }
        }
    }

    private func send(by transport: HTTPTransport) async {
        await withDiscardingTaskGroup { group in
            for (shard, bell) in bells.enumerated() {
                group.addTask {
                    var sender = ShardSender(shard, of: self, by: transport, bell: bell)
                    await sender.run()
                }
            }
        }
    }

    /// Sends what is in an outbox at once, without waiting for more, while ``run()`` runs.
    ///
    /// - Returns: whether nothing is left; `false` when the time is up or the task cancelled, and something is.
    public func flush(within limit: Duration) async -> Bool {
        await time.limit(limit) { await self.flush() }
        return outbox.accounting.pending == 0
    }

    private func flush() async {
        let (settlements, continuation) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.lastFlush += 1
            state.flushes[state.lastFlush] = continuation
            return state.lastFlush
        }
        for bell in bells { bell.ring() }
        continuation.yield()
        for await _ in settlements where outbox.accounting.pending == 0 { break }
        state.withLock { $0.flushes[id] = nil }
    }
}

// What processes have left in other slots.
extension RemoteWriteSender {
    /// Sends it until the task is cancelled.
    private func sendAbandoned(by transport: HTTPTransport) async {
        while !Task.isCancelled {
            var slot = -1
            while !Task.isCancelled, let abandoned = await outbox.openAbandoned(after: slot) {
                slot = abandoned.slot
                await RemoteWriteSender(abandoned, for: self).sendAll(by: transport)
                await abandoned.close()
            }
            try? await time.sleep(for: Self.roundTime)
        }
    }

    /// Sends all there is, or until the task is cancelled.
    private func sendAll(by transport: HTTPTransport) async {
        measure()
        await withDiscardingTaskGroup { group in
            group.addTask { await self.send(by: transport) }
            // What the outbox gives up by itself is told to nobody.
            group.addTask {
                while !Task.isCancelled {
                    try? await self.time.sleep(for: Self.roundTime)
                    self.tell()
                }
            }
            await flush()
            group.cancelAll()
        }
        measures?.end(outbox)
    }
}

// What shards tell, and want to know.
extension RemoteWriteSender {
    /// Whether somebody waits for the outbox to be empty.
    var isFlushing: Bool { state.withLock { !$0.flushes.isEmpty } }

    /// Settles blocks of a shard, and tells those who wait for it.
    func settle(_ settlements: [OutboxSettlement]) {
        outbox.settle(settlements)
        for settlement in settlements where settlement.acknowledged > 0 {
            measures?.acknowledged(upTo: settlement.block.newest)
        }
        measure()
        tell()
    }

    private func tell() {
        for flush in state.withLock({ Array($0.flushes.values) }) { flush.yield() }
    }

    /// Brings what is measured up to what the outbox says.
    func measure() {
        measures?.update(outbox)
    }
}
