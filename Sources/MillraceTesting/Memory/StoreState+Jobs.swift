internal import MillraceCore

extension StoreState {
    /// The most urgent first, then the oldest, then the one made first.
    static func isClaimedBefore(_ left: Job, _ right: Job) -> Bool { JobPlace(left) < JobPlace(right) }

    func pendingJobs(of queue: QueueName, limit: Int, at now: Timestamp) -> [Job] {
        let pending = jobs.values.filter { $0.queueName == queue && $0.isClaimable(at: now) }
        return Array(pending.sorted(by: Self.isClaimedBefore).prefix(max(0, limit)))
    }

    func stats(of queue: QueueName, at now: Timestamp) -> JobStats {
        let jobs = jobs.values.filter { $0.queueName == queue }
        let oldest = jobs.filter { $0.status == .queued }.map(\.createdAt).min()
        return JobStats(
            counts: Dictionary(grouping: jobs, by: \.status).mapValues(\.count),
            oldestQueuedAge: oldest.map { now - $0 })
    }

    func allStats(at now: Timestamp) -> [QueueName: JobStats] {
        let names = Set(jobs.values.map(\.queueName)).union(queues.values.map(\.name))
        return Dictionary(uniqueKeysWithValues: names.map { ($0, stats(of: $0, at: now)) })
    }

    func openJobs(withKey key: String) -> [Job] {
        jobs.values.filter { $0.uniqueKey == key && $0.status.isOpen }
    }

    mutating func enqueue(_ requests: [JobRequest], at now: Timestamp) -> EnqueueReceipt {
        var ids: [JobID] = []
        var skipped: [Int] = []
        var open: [String: JobID] = [:]
        for job in jobs.values where job.status.isOpen {
            if let key = job.uniqueKey { open[key] = job.id }
        }
        for (position, request) in requests.enumerated() {
            if let key = request.uniqueKey, let id = open[key] {
                ids.append(id)
                skipped.append(position)
                continue
            }
            let id: JobID = identifiers.next(at: now)
            jobs[id] = Job(request, id: id, at: now)
            ids.append(id)
            if let key = request.uniqueKey { open[key] = id }
        }
        return EnqueueReceipt(ids: ids, skipped: skipped, createdAt: now)
    }

    mutating func claimJobs(
        upTo limit: Int, from scope: JobScope, by worker: WorkerID, at now: Timestamp
    ) throws(StoreError) -> [Job] {
        try requireLease(worker, at: now)
        let claimable = jobs.values.filter { isGiven($0, to: scope, at: now) }
        let limit = scope.isAlone ? min(1, limit) : limit
        return lease(claimable.sorted(by: Self.isClaimedBefore).prefix(max(0, limit)), to: worker, at: now)
    }

    mutating func claimJobs(
        _ ids: [JobID], from scope: JobScope, by worker: WorkerID, at now: Timestamp
    ) throws(StoreError) -> [Job] {
        try requireLease(worker, at: now)
        var seen: Set<JobID> = []
        let given = ids.compactMap { seen.insert($0).inserted ? jobs[$0] : nil }
            .filter { isGiven($0, to: scope, at: now) }
        return lease(given.prefix(scope.isAlone ? 1 : given.count), to: worker, at: now)
    }

    /// Whether a claim may take a job.
    private func isGiven(_ job: Job, to scope: JobScope, at now: Timestamp) -> Bool {
        guard job.isClaimable(at: now), scope.queues.contains(job.queueName), scope.types.contains(job.type) else {
            return false
        }
        guard scope.maxCrashes == 0 || job.isSuspect(maxCrashes: scope.maxCrashes) == scope.isAlone else {
            return false
        }
        if let engine = job.engine, !scope.engines.contains(engine) { return false }
        guard !scope.unreachable.contains(job.id) else { return false }
        guard let transcripts = scope.transcripts else { return true }
        return job.transcriptID.map(transcripts.contains) ?? false
    }

    private mutating func lease(_ claimed: some Sequence<Job>, to worker: WorkerID, at now: Timestamp) -> [Job] {
        claimed.map { job in
            var job = job
            job.claim(by: worker, at: now)
            jobs[job.id] = job
            return job
        }
    }

    func readyJobs(in range: JobRange, limit: Int, at now: Timestamp) -> [JobPlace] {
        let ready = jobs.values.filter { job in
            guard JobKind(job) == range.kind else { return false }
            guard let place = range.after else { return job.isClaimable(at: now) }
            return job.status == .queued && place < JobPlace(job)
        }
        return Array(ready.map(JobPlace.init).sorted().prefix(max(0, limit)))
    }

    mutating func settle(_ settlements: [JobSettlement], at now: Timestamp) -> Set<JobID> {
        var lost: Set<JobID> = []
        for settlement in settlements {
            guard var job = jobs[settlement.jobID], job.status == .processing, job.leaseToken == settlement.token else {
                lost.insert(settlement.jobID)
                continue
            }
            job.settle(settlement.outcome, at: now)
            jobs[job.id] = job
            if case .awaiting = settlement.outcome { waiting.insert(job.id) }
        }
        return lost
    }

    /// Makes the jobs due whose transcripts have ended.
    mutating func wakeWaitingJobs() {
        for id in waiting {
            guard var job = jobs[id], job.status == .scheduled, let transcript = job.awaits else {
                waiting.remove(id)
                continue
            }
            guard transcripts[transcript]?.status != .processing else { continue }
            job.wake()
            jobs[id] = job
            waiting.remove(id)
        }
    }

    mutating func moveJob(_ id: JobID, to status: JobStatus, at now: Timestamp) throws(StoreError) {
        guard var job = jobs[id] else { throw StoreError(.notFound, "there is no job \(id)") }
        let wasOpen = job.status.isOpen
        try job.move(to: status, at: now)
        if !wasOpen { try requireFreeKey(of: job) }
        jobs[id] = job
    }

    func requireFreeKey(of job: Job) throws(StoreError) {
        guard let key = job.uniqueKey, job.status.isOpen else { return }
        guard openJobs(withKey: key).allSatisfy({ $0.id == job.id }) else {
            throw StoreError(
                .conflict, "another open job has the unique key of job \(job.id); wait for it or cancel it")
        }
    }

    func jobLeases(of worker: WorkerID) -> [JobID: LeaseToken] {
        jobs.values.filter { $0.workerID == worker }.reduce(into: [:]) { $0[$1.id] = $1.leaseToken }
    }

    mutating func rescueJobs(maxCrashes: Int, at now: Timestamp) -> [JobID] {
        let abandoned = jobs.values.filter { $0.status == .processing && !hasLease($0.workerID, at: now) }
        return abandoned.sorted { $0.id < $1.id }.map { job in
            var job = job
            job.rescue(maxCrashes: maxCrashes, at: now)
            jobs[job.id] = job
            return job.id
        }
    }

    func jobs(matching filter: JobFilter, before cursor: JobID?, limit: Int) -> [Job] {
        let older = jobs.values.filter { job in filter.matches(job) && (cursor.map { job.id < $0 } ?? true) }
        return Array(older.sorted { $0.id > $1.id }.prefix(max(0, limit)))
    }
}

extension StoreState {
    func loadQueue(_ id: QueueID, at now: Timestamp) -> JobQueue? {
        guard let queue = queues[id] else { return nil }
        let open = jobs.values.filter { $0.queueName == queue.name && $0.status.isOpen }
            .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
        return JobQueue(
            id: id, name: queue.name, settings: queue.settings, stats: stats(of: queue.name, at: now),
            jobs: Array(open.prefix(JobQueue.loadLimit)))
    }

    mutating func saveQueue(_ queue: JobQueue) throws(StoreError) {
        guard queues.allSatisfy({ $0.key == queue.id || $0.value.name != queue.name }) else {
            throw StoreError(.conflict, "another queue has the name \(queue.name)")
        }
        var changed: [Job] = []
        for change in queue.changes {
            guard let job = queue.job(change.jobID) else { continue }
            switch change {
            case .added(let id):
                guard jobs[id] == nil else { throw StoreError(.conflict, "job \(id) exists already") }
            case .changed(let id, let token):
                guard jobs[id]?.leaseToken == token else {
                    throw StoreError(.conflict, "job \(id) changed since it was loaded: load the queue again")
                }
            }
            changed.append(job)
        }
        try requireFreeKeys(of: changed)
        queues[queue.id] = StoredQueue(name: queue.name, settings: queue.settings)
        for job in changed { jobs[job.id] = job }
    }

    /// Checks the jobs as they will be once all of them are written.
    private func requireFreeKeys(of changed: [Job]) throws(StoreError) {
        var after = self
        for job in changed { after.jobs[job.id] = job }
        for job in changed { try after.requireFreeKey(of: job) }
    }

    mutating func deleteQueue(_ id: QueueID) throws(StoreError) {
        guard let name = queues[id]?.name else { return }
        guard !jobs.values.contains(where: { $0.queueName == name && $0.status == .processing }) else {
            throw StoreError(.conflict, "queue \(name) has a job that is PROCESSING: wait for it or cancel it")
        }
        jobs = jobs.filter { $0.value.queueName != name }
        queues[id] = nil
    }
}
