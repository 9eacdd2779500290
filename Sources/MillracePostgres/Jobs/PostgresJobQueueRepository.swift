internal import Foundation
public import MillraceCore

/// Jobs, queues and workers in a PostgreSQL database.
///
/// What many tasks enqueue or settle at the same time is gathered into few statements.
public struct PostgresJobQueueRepository: JobQueueRepository {
    /// The store that the jobs are kept in, for transactions of the caller's own.
    public let store: PostgresStore
    let desk: JobDesk
    let statements: JobStatements
    private let settlements: CallGatherer<JobSettlement, Set<JobID>>
    private let requests: CallGatherer<JobRequest, EnqueueReceipt>
    private let options: Options

    /// Uses an open store.
    public init(_ store: PostgresStore, options: Options = Options()) {
        self.store = store
        self.options = options
        let desk = JobDesk(store)
        let statements = JobStatements(store)
        self.desk = desk
        self.statements = statements
        let gathering = (size: options.settlementBatch, delay: options.settlementDelay)
        settlements = CallGatherer(.init(size: gathering.size, delay: gathering.delay)) {
            calls async throws(StoreError) in
            let all = calls.flatMap { $0 }
            let lost = try await Self.settle(all, statements, desk, store, patience: options.patience)
            return calls.map { call in lost.intersection(call.map(\.jobID)) }
        }
        requests = CallGatherer(.init(lanes: 4)) { calls async throws(StoreError) in
            let receipt = try await Self.insert(calls.flatMap { $0 }, statements, store)
            if receipt.skipped.count < receipt.ids.count { desk.announcer.announce(.jobs) }
            return receipt.split(calls.map(\.count))
        }
    }

    /// Who enqueues says so by NOTIFY; heard on a direct connection, not through a pooler.
    public var announcements: (any WorkAnnouncing)? { PostgresAnnouncements(store: store, desk: desk) }

    /// Adds jobs in one transaction: many by COPY, unless they have unique keys.
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        guard !requests.isEmpty else { return EnqueueReceipt(ids: [], skipped: []) }
        for request in requests { try request.validate() }
        guard JobCopy.suits(requests), store.clock == nil else { return try await self.requests.call(requests) }
        let ids = requests.map { _ in store.makeID(JobID.self) }
        let copy = statements.copy
        let receipt = try await store.write { connection in
            try await copy.insert(requests, ids: ids, isAnnounced: false, in: connection)
        }
        desk.announcer.announce(.jobs)
        return receipt
    }

    /// Adds jobs in a transaction of the caller's, from ``PostgresStore/transaction(_:)`` or on a connection of its own:
    /// they are there if that commits.
    public func enqueue(
        _ requests: [JobRequest], in connection: PostgresConnection
    ) async throws(StoreError) -> EnqueueReceipt {
        guard !requests.isEmpty else { return EnqueueReceipt(ids: [], skipped: []) }
        for request in requests { try request.validate() }
        let ids = requests.map { _ in store.makeID(JobID.self) }
        do {
            guard JobCopy.suits(requests), store.clock == nil else {
                return try await statements.insert.insert(
                    requests, ids: ids, at: store.clock?.now(), isAnnounced: true, in: connection)
            }
            return try await statements.copy.insert(requests, ids: ids, isAnnounced: true, in: connection)
        } catch {
            throw StoreError(postgres: error, store: store.name)
        }
    }

    /// Leases jobs by one statement.
    public func claim(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> [Job] {
        guard limit > 0, !scope.queues.isEmpty, !scope.types.isEmpty else { return [] }
        return try await lease(to: worker) { () async throws(StoreError) in
            try await claimed(upTo: limit, from: scope, by: worker)
        }
    }

    /// Leases given jobs by one statement, each found by its identity.
    public func claim(
        _ ids: [JobID], from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> [Job] {
        guard !ids.isEmpty, !scope.queues.isEmpty, !scope.types.isEmpty else { return [] }
        return try await lease(to: worker) { () async throws(StoreError) in
            try await statements.claim.claim(ids, from: scope, by: worker, in: store)
        }
    }

    private func lease(
        to worker: WorkerID, _ claim: () async throws(StoreError) -> JobClaim.Outcome
    ) async throws(StoreError) -> [Job] {
        await upkeep(unlessDoneWithin: Self.neglect)
        let outcome: JobClaim.Outcome
        do throws(StoreError) {
            outcome = try await claim()
        } catch {
            desk.held.doubt(worker, at: desk.now)
            throw error
        }
        guard outcome.isLeaseHeld else {
            throw StoreError(.conflict, "worker \(worker) has no lease; it must register before it claims")
        }
        desk.held.add(outcome.jobs, of: worker)
        return outcome.jobs
    }

    /// Reads from the index of claims, where the jobs stand in order.
    public func readyJobs(in ranges: [JobRange], limit: Int) async throws(StoreError) -> [[JobPlace]] {
        guard !ranges.isEmpty, limit > 0 else { return ranges.map { _ in [] } }
        return try await statements.ready.places(in: ranges, limit: limit, in: store)
    }

    private func claimed(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> JobClaim.Outcome {
        if let transcripts = scope.transcripts {
            return try await statements.claim.claim(
                upTo: limit, from: scope, of: transcripts, by: worker, in: store)
        }
        var (outcome, hasLookedBack) = try await look(upTo: limit, from: scope, by: worker)
        // Whoever is told that there is nothing may wait for the next announcement, and that of a job which was committed
        // late has been made already.
        if outcome.isLeaseHeld, outcome.jobs.isEmpty, !hasLookedBack {
            (outcome, _) = try await look(upTo: limit, from: scope, by: worker)
        }
        return outcome
    }

    private func look(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID
    ) async throws(StoreError) -> (JobClaim.Outcome, looksBack: Bool) {
        let start = desk.now
        let (groups, look) = desk.begin(scope)
        let outcome = try await statements.claim.claim(
            upTo: limit, from: scope, groups: groups, look, by: worker, in: store)
        desk.end(look, in: scope, outcome, isFull: outcome.jobs.count >= (scope.isAlone ? 1 : limit), since: start)
        return (outcome, look.looksBack)
    }

    /// A claim waits for the upkeep only where nobody calls ``upkeep()``.
    private static let neglect = Duration.seconds(5)

    /// Writes from where claims read, and adds up the counts of jobs, if this process leads or nobody does.
    ///
    /// Where nobody calls it, a claim does it every five seconds, and waits for it.
    public func upkeep() async {
        await upkeep(unlessDoneWithin: .zero)
    }

    private func upkeep(unlessDoneWithin rest: Duration) async {
        guard desk.beginUpkeep(unlessDoneWithin: rest) else { return }
        let start = desk.now
        try? await statements.upkeep.run(in: store)
        desk.endUpkeep(since: start)
    }

    /// Ends leases; the fence is their `lease_token`.
    ///
    /// Few settlements share a statement with those of other tasks. When the connection breaks, the same settlements are
    /// sent again, for a while; one that had got through the first time is not reported as lost.
    public func settle(_ settlements: [JobSettlement]) async throws(StoreError) -> Set<JobID> {
        guard !settlements.isEmpty else { return [] }
        return try await self.settlements.call(settlements)
    }

    /// Ends leases in a transaction of the caller's, from ``PostgresStore/transaction(_:)`` or on a connection of its
    /// own, together with what the jobs did in it.
    ///
    /// Throw when a lease of theirs was lost, and nothing of it has happened.
    public func settle(
        _ settlements: [JobSettlement], in connection: PostgresConnection
    ) async throws(StoreError) -> Set<JobID> {
        guard !settlements.isEmpty else { return [] }
        do {
            return try await statements.settle.settle(settlements, at: store.clock?.now(), in: connection).lost
        } catch {
            throw StoreError(postgres: error, store: store.name)
        }
    }

    /// Takes back by one statement what workers without a lease hold.
    public func rescue(maxCrashes: Int) async throws(StoreError) -> [JobID] {
        let rescued = try await statements.rescue.rescue(
            maxCrashes: maxCrashes, isThorough: desk.isThoroughRescueDue(), in: store)
        desk.lower(rescued.requeued)
        return rescued.ids
    }

    /// Changes a status by hand, after the core's rules.
    public func updateJobStatus(_ id: JobID, to status: JobStatus) async throws(StoreError) {
        let (statements, store) = (statements, store)
        let changed = try await store.write { connection in
            guard let (found, now) = try await statements.read.lockedJob(id, at: store.now, in: connection) else {
                throw StoreError(.notFound, "there is no job \(id)")
            }
            var job = found
            let token = job.leaseToken
            try job.move(to: status, at: now)
            try await statements.update.update(job, loadedWith: token, in: connection)
            return job
        }
        guard changed.status == .queued else { return }
        desk.lower([RequeuedJob(group: JobGroup(changed), createdAt: changed.createdAt)])
    }

    /// Reads one job by its identity.
    public func job(_ id: JobID) async throws(StoreError) -> Job? {
        try await store.rows(statements.read.one, [.id(id)], isIdempotent: true, JobRow.read).first
    }

    private static func insert(
        _ requests: [JobRequest], _ statements: JobStatements, _ store: PostgresStore
    ) async throws(StoreError) -> EnqueueReceipt {
        let ids = requests.map { _ in store.makeID(JobID.self) }
        let now = store.clock?.now()
        func insert(on connection: PostgresConnection) async throws -> EnqueueReceipt {
            try await statements.insert.insert(requests, ids: ids, at: now, isAnnounced: false, in: connection)
        }
        // With keys it may take several statements, which are to be seen together.
        guard requests.contains(where: { $0.uniqueKey != nil }) else { return try await store.statement(insert) }
        return try await store.write(insert)
    }

    private static func settle(
        _ settlements: [JobSettlement], _ statements: JobStatements, _ desk: JobDesk, _ store: PostgresStore,
        patience: Duration
    ) async throws(StoreError) -> Set<JobID> {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(20)
        var unanswered = desk.unanswered.jobs(in: settlements)
        while true {
            do throws(StoreError) {
                let again = unanswered
                let outcome = try await store.statement { connection in
                    try await statements.settle.settle(
                        settlements, at: store.clock?.now(), again: again, in: connection)
                }
                desk.lower(outcome.requeued)
                // What was lost belongs to another by now, or to nobody.
                desk.held.remove(settlements.lazy.map { ($0.jobID, $0.token) })
                desk.unanswered.remove(again)
                return outcome.lost
            } catch {
                guard error.code == .unavailable || error.code == .cancelled else { throw error }
                // It may have been done; its callers may come with it again.
                desk.unanswered.add(settlements)
                guard error.code == .unavailable, start.duration(to: .now) < patience else { throw error }
                unanswered = Set(settlements.map(\.jobID))
                do {
                    try await Task.sleep(for: pause * Double.random(in: 0.5...1.5))
                } catch _ {
                    throw error
                }
                pause = min(pause * 2, .seconds(1))
            }
        }
    }
}

extension EnqueueReceipt {
    /// The receipts of the requests that were sent together.
    fileprivate func split(_ counts: [Int]) -> [EnqueueReceipt] {
        var start = 0
        var rest = skipped[...]
        return counts.map { count in
            defer { start += count }
            let own = rest.prefix { $0 < start + count }
            rest = rest.dropFirst(own.count)
            return EnqueueReceipt(
                ids: Array(ids[start..<start + count]), skipped: own.map { $0 - start }, createdAt: createdAt)
        }
    }
}
