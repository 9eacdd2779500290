public import MillraceCore

/// Any job queue, with hints in Redis beside it: which jobs are ready, and who waits for which.
///
/// The queue beneath is the only truth. A claim takes the hints of the most urgent jobs out of Redis and claims these by
/// their identities, without reading an index of what is queued; what no hint speaks of is found by asking the queue itself,
/// as soon as there are fewer hints than places and about once a second anyway. A hint that is wrong is dropped. So losing
/// all of Redis, at any time, costs time and never a job, a result or a second run; while it is away claims are those of
/// the queue beneath.
///
/// Hints are kept apart by what claims go by: queue, type and engine. A worker sees none of jobs that it cannot run, so they
/// are in nobody's way. Claims of given transcripts, and of suspects, use no hints.
public struct RedisReadyQueue: ForwardingJobQueue {
    package let base: any JobQueueRepository
    let hints: ReadyHints
    let jobEnds: RedisJobEnds
    private let keeper: HintKeeper

    /// Wraps a queue. The keys in Redis begin with `storeID`, which no other store has.
    public init(_ base: any JobQueueRepository, storeID: String, client: RedisClient) {
        self.init(base, storeID: storeID, client: client, HintSettings())
    }

    init(_ base: any JobQueueRepository, storeID: String, client: RedisClient, _ settings: HintSettings) {
        let (keys, line) = (HintKeys(storeID: storeID), HintLine(client, patience: settings.patience))
        hints = ReadyHints(keys: keys, line: line, desk: HintDesk(lookInterval: settings.lookInterval))
        self.base = base
        jobEnds = RedisJobEnds(keys, line, patience: settings.patience)
        keeper = HintKeeper(base, hints, settings)
    }

    /// Ends the connection by which ends of jobs are heard; the client stays open. Everything else goes on.
    public func close() { jobEnds.close() }

    /// What the store says, and what is said through Redis.
    public var announcements: (any WorkAnnouncing)? { RedisAnnouncements(base: base.announcements, hints: hints) }

    /// Jobs that end here or in other processes are told of through Redis.
    public var ends: (any JobEndAnnouncing)? { jobEnds }

    /// Adds jobs, and then hints of them.
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        let receipt = try await base.enqueue(requests)
        await hints.add(requests, receipt)
        return receipt
    }

    /// Leases the jobs that hints speak of, and those that are found in the queue beneath.
    public func claim(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> [Job] {
        guard limit > 0, scope.transcripts == nil, !scope.isAlone, !scope.queues.isEmpty, !scope.types.isEmpty else {
            return try await base.claim(upTo: limit, from: scope, by: worker)
        }
        if hints.desk.beginLook(in: scope) { return try await look(upTo: limit, from: scope, by: worker).get() }
        guard let caught = await hints.take(upTo: limit, in: scope) else {
            return try await look(upTo: limit, from: scope, by: worker).get()
        }
        // Nobody waits for the windows to be filled who can go on without.
        async let tended: Void = tend(caught.wanting)
        let jobs = await claim(upTo: limit, caught, from: scope, by: worker)
        await tended
        return try jobs.get()
    }

    /// Leases given jobs, as the queue beneath does it.
    public func claim(_ ids: [JobID], from scope: JobScope, by worker: WorkerID) async throws(StoreError) -> [Job] {
        let jobs = try await base.claim(ids, from: scope, by: worker)
        hints.desk.note(claimed: jobs)
        return jobs
    }

    /// Does the upkeep of the queue beneath, and fills the windows of hints if this process leads.
    public func upkeep() async {
        await base.upkeep()
        await hints.tellNews()
        await tend(hints.desk.queues)
    }

    /// So often a claim takes hints before it asks the queue, though they turn out to be wrong.
    private static let tries = 8

    private func claim(
        upTo limit: Int, _ first: ReadyHints.Catch, from scope: JobScope, by worker: WorkerID
    ) async -> Result<[Job], StoreError> {
        var yield = ClaimYield()
        var next: ReadyHints.Catch? = first
        for _ in 0..<Self.tries {
            guard let caught = next, !caught.hints.isEmpty else { break }
            let rest = limit - yield.jobs.count - caught.hints.count
            if rest > 0 {
                // There are no more hints. What they do not speak of is looked for at the same time.
                async let found = look(upTo: rest, from: scope, by: worker)
                let given = await claim(caught.hints, from: scope, by: worker)
                yield.add(given)
                yield.add(await found)
                guard given.count < caught.hints.count, await found.count == rest else { return yield.result }
                break
            }
            yield.add(await claim(caught.hints, from: scope, by: worker))
            if yield.jobs.count >= limit || yield.error != nil { return yield.result }
            next = await hints.take(upTo: limit - yield.jobs.count, in: scope)
        }
        yield.add(await look(upTo: limit - yield.jobs.count, from: scope, by: worker))
        return yield.result
    }

    /// Claims what hints speak of; what is not claimed by that is no hint any more, unless the queue did not answer.
    private func claim(
        _ caught: [JobHint], from scope: JobScope, by worker: WorkerID
    ) async -> Result<[Job], StoreError> {
        do throws(StoreError) {
            let jobs = try await base.claim(caught.map(\.id), from: scope, by: worker)
            hints.desk.land(caught)
            return .success(jobs)
        } catch {
            await hints.giveBack(caught)
            return .failure(error)
        }
    }

    /// Asks the queue itself.
    private func look(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async -> Result<[Job], StoreError> {
        hints.desk.noteLook(in: scope)
        do throws(StoreError) {
            let jobs = try await base.claim(upTo: limit, from: scope, by: worker)
            hints.desk.note(claimed: jobs)
            return .success(jobs)
        } catch {
            return .failure(error)
        }
    }

    private func tend(_ queues: [QueueName]) async {
        for queue in queues { await keeper.tend(queue) }
    }
}

/// What the parts of one claim have got.
private struct ClaimYield {
    private(set) var jobs: [Job] = []
    private(set) var error: StoreError?
    private var parts = 0

    mutating func add(_ part: Result<[Job], StoreError>) {
        switch part {
        case .success(let jobs):
            if !jobs.isEmpty { parts += 1 }
            self.jobs += jobs
        case .failure(let error): self.error = self.error ?? error
        }
    }

    /// All jobs, in the order of claims. Who has got any is not told of an error: it holds them.
    var result: Result<[Job], StoreError> {
        if jobs.isEmpty, let error { return .failure(error) }
        guard parts > 1 else { return .success(jobs) }
        let places = jobs.map(JobPlace.init)
        return .success(jobs.indices.sorted { places[$0] < places[$1] }.map { jobs[$0] })
    }
}

extension Result<[Job], StoreError> {
    /// How many jobs there are.
    fileprivate var count: Int { (try? get().count) ?? 0 }
}
