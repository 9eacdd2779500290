internal import MillraceCore

/// Sends the blocks of one shard, one request at a time.
struct ShardSender {
    private let shard: Int
    private let sender: RemoteWriteSender
    private let transport: HTTPTransport
    private let bell: Doorbell
    private var known = KnownFailures()
    private var random = SystemRandomNumberGenerator()

    init(_ shard: Int, of sender: RemoteWriteSender, by transport: HTTPTransport, bell: Doorbell) {
        self.shard = shard
        self.sender = sender
        self.transport = transport
        self.bell = bell
    }

    private var configuration: RemoteWriteConfiguration { sender.configuration }

    /// Sends until the task is cancelled.
    mutating func run() async {
        while !Task.isCancelled {
            let blocks = await gather()
            if blocks.isEmpty {
                // What there was is gone, or the outbox is closed; neither is to keep a processor busy.
                try? await sender.time.sleep(for: .milliseconds(50))
            } else if !Task.isCancelled {
                await deliver(SendBatch(blocks))
            }
        }
    }

    /// Waits for blocks, and for a while for more of them than would not fill a request.
    private func gather() async -> [OutboxBlock] {
        await sender.outbox.waitForMore(shard: shard, after: nil)
        let most = configuration.samplesPerRequest
        let end = sender.time.now() + configuration.batchDeadline
        while !Task.isCancelled {
            let blocks = SendBatch.joinable(await sender.outbox.next(shard: shard, upTo: most))
            guard let last = blocks.last else { return [] }
            sender.measure()
            let rest = end - sender.time.now()
            let count = blocks.reduce(0) { $0 + $1.sampleCount }
            // Also when the next block would be too much.
            let isFull = count >= most || sender.outbox.pendingSamples(shard: shard) > count
            if isFull || rest <= .zero || sender.isFlushing { return blocks }
            await sender.time.limit(rest) { [self] in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await sender.outbox.waitForMore(shard: shard, after: last.sequence) }
                    group.addTask { await bell.wait() }
                    await group.next()
                    group.cancelAll()
                }
            }
        }
        return []
    }

    // MARK: - One batch

    /// Sends a batch until nothing is left of it; or until the task is cancelled, after which it is still in the outbox.
    private mutating func deliver(_ batch: SendBatch) async {
        var batch = batch
        guard var machine = begin(&batch) else { return drop(batch) }
        var attempt = 0
        var failures = 0
        while !Task.isCancelled {
            guard dropWhatIsTooOld(&batch, &machine) else { return drop(batch) }
            let now = sender.time.now()
            let step = machine.next(at: now)
            switch step {
            case .finish: return settle(batch)
            case .wait(let until):
                if await pause(until: until) { machine.hasten() }
            case .send, .probe:
                if let until = sender.watch.pausedUntil, now < until {
                    _ = await pause(until: until)
                    continue
                }
                guard let reply = await send(Self.body(of: step, batch), attempt: attempt) else { return }
                attempt += 1
                failures = reply.answer == .taken ? 0 : failures + 1
                let traffic = sender.watch.note(reply, failures: failures)
                let verdict = machine.receive(
                    reply.answer, at: sender.time.now(), traffic: traffic, using: &random
                ) { batch.read() ?? 1 }
                apply(verdict, reply, to: &batch)
                sender.measure()
            }
        }
    }

    /// Begins with what is known of the batch's series; `nil` when it cannot be read, and would have to be.
    private func begin(_ batch: inout SendBatch) -> RetryMachine? {
        guard !known.isEmpty else { return RetryMachine(configuration.retry) }
        guard let count = batch.read() else { return nil }
        let numbers = batch.numbers { known.contains($0) }
        guard !numbers.isEmpty else { return RetryMachine(configuration.retry) }
        return RetryMachine(configuration.retry, series: count, known: numbers)
    }

    /// - Returns: `false` when the batch cannot be read, and would have to be.
    private func dropWhatIsTooOld(_ batch: inout SendBatch, _ machine: inout RetryMachine) -> Bool {
        let limit = sender.clock.now() - configuration.maximumSampleAge
        guard let oldest = batch.oldest, oldest < limit else { return true }
        guard let count = batch.read() else { return false }
        machine.remove(batch.dropOlder(than: limit), of: count)
        return true
    }

    private static func body(of step: RetryMachine.Step, _ batch: SendBatch) -> (bytes: [UInt8], samples: Int) {
        switch step {
        case .send(let series): batch.body(of: series)
        case .probe(let series): batch.repetition(of: series)
        case .wait, .finish: ([], 0)
        }
    }

    private func send(_ body: (bytes: [UInt8], samples: Int), attempt: Int) async -> HTTPTransport.Reply? {
        let start = sender.time.now()
        guard let reply = await transport.post(body.bytes, attempt: attempt) else { return nil }
        sender.measures?.sent(
            body.samples, body.bytes.count, attempt: attempt, took: sender.time.now() - start, reply)
        return reply
    }

    private mutating func apply(
        _ verdict: RetryMachine.Verdict, _ reply: HTTPTransport.Reply, to batch: inout SendBatch
    ) {
        switch verdict {
        case .retry: return
        case .acknowledge(let series):
            if let series, series.count == 1, let labels = batch.labels(of: series[0]) {
                known.remove(labels)
            }
            batch.acknowledge(series)
        case .reject(let series):
            batch.refuse(series, .rejected, status: reply.status, answer: reply.text)
            sender.watch.warn(of: reply)
        case .quarantine(let series):
            if let labels = batch.labels(of: series) { known.insert(labels) }
            batch.refuse([series], .quarantined, status: reply.status, answer: reply.text)
            sender.watch.warn(of: reply)
        }
    }

    private func settle(_ batch: SendBatch) {
        sender.settle(batch.settlements)
    }

    private func drop(_ batch: SendBatch) {
        sender.settle(batch.blocks.map { OutboxSettlement($0, dropped: [.invalid: $0.sampleCount]) })
    }

    /// Waits; not to the end when somebody wants the outbox to be empty.
    ///
    /// - Returns: whether it was cut short.
    private func pause(until: Duration) async -> Bool {
        let rest = until - sender.time.now()
        guard rest > .zero else { return false }
        await sender.time.limit(rest) { [bell] in await bell.wait() }
        return sender.time.now() < until
    }
}
