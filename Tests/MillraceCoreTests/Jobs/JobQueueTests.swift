import Foundation
import MillraceCore
import MillraceTesting
import Testing

@Suite struct JobQueueTests {
    private let now = Timestamp.after(100)
    private let name = QueueName(stored: "mail")

    private func queue(_ jobs: [Job] = []) -> JobQueue {
        JobQueue(
            id: .make(at: .zero), name: name, settings: QueueSettings(),
            stats: JobStats(counts: [:], oldestQueuedAge: nil), jobs: jobs)
    }

    @Test("A new queue holds nothing and has nothing to write")
    func new() {
        let queue = JobQueue(id: .make(at: .zero), name: name)
        #expect(queue.jobs.isEmpty && queue.changes.isEmpty && queue.stats.total == 0)
    }

    @Test("A job that is added waits in this queue, and is to be written")
    func add() {
        var queue = queue()
        let id = JobID.make(at: now)
        let job = queue.add(JobRequest(Jobs.type, queueName: .default), id: id, at: now)
        #expect(job.queueName == name && job.id == id && job.status == .queued)
        #expect(queue.jobs == [job] && queue.job(id) == job && queue.changes == [.added(id)])
        #expect(queue.job(.make(at: now)) == nil)
    }

    @Test("Pending jobs come by priority, then age, then identity, and only those that may be claimed")
    func pending() {
        var generator = TestSeed.generator()
        var jobs: [Job] = []
        for _ in 0..<200 {
            let priority = JobPriority.allCases[Int.random(in: 0..<3, using: &generator)]
            let created = Timestamp.after(Int64.random(in: 0..<10, using: &generator))
            let delay = Int64.random(in: -200..<200, using: &generator)
            let request = JobRequest(Jobs.type, priority: priority, scheduledAt: .after(delay))
            jobs.append(Job(request, id: .make(at: created, using: &generator), at: created))
        }
        jobs.append(contentsOf: JobStatus.allCases.map { Jobs.job($0) })
        jobs.shuffle(using: &generator)
        let pending = queue(jobs).pendingJobs(at: now)
        #expect(Set(pending.map(\.id)) == Set(jobs.filter { $0.isClaimable(at: now) }.map(\.id)))
        for (left, right) in zip(pending, pending.dropFirst()) {
            let isInOrder =
                left.priority != right.priority
                ? left.priority > right.priority
                : left.createdAt != right.createdAt ? left.createdAt < right.createdAt : left.id < right.id
            #expect(isInOrder)
        }
    }

    @Test("A change is written once, with the token that was loaded")
    func changes() throws {
        let job = Jobs.job(.processing)
        var queue = queue([job])
        try queue.cancel(job.id, at: now)
        try queue.retry(job.id, at: now)
        #expect(queue.changes == [.changed(job.id, loadedWith: LeaseToken(7))])
        #expect(queue.changes.map(\.jobID) == [job.id])
        #expect(queue.job(job.id)?.leaseToken == LeaseToken(9))
    }

    @Test("A job that is added and then cancelled is still new to the store")
    func addedThenCancelled() throws {
        var queue = queue()
        let id = JobID.make(at: now)
        queue.add(JobRequest(Jobs.type), id: id, at: now)
        try queue.cancel(id, at: now)
        #expect(queue.changes == [.added(id)] && queue.job(id)?.status == .cancelled)
    }

    @Test("Open jobs can be cancelled, others not", arguments: JobStatus.allCases)
    func cancel(status: JobStatus) throws {
        let job = Jobs.job(status)
        var queue = queue([job])
        guard status.isOpen else {
            #expect(throws: StoreError.self) { try queue.cancel(job.id, at: now) }
            #expect(queue.changes.isEmpty && queue.jobs == [job])
            return
        }
        try queue.cancel(job.id, at: now)
        #expect(queue.job(job.id)?.status == .cancelled)
    }

    @Test("Only failed and cancelled jobs can be retried by hand", arguments: JobStatus.allCases)
    func retry(status: JobStatus) throws {
        let job = Jobs.job(status)
        var queue = queue([job])
        guard status == .failed || status == .cancelled else {
            let error = #expect(throws: StoreError.self) { try queue.retry(job.id, at: now) }
            #expect(error?.code == .illegalMove)
            #expect(queue.changes.isEmpty && queue.jobs == [job])
            return
        }
        try queue.retry(job.id, at: now)
        let retried = try #require(queue.job(job.id))
        #expect(retried.status == .queued && retried.retryCount == 0 && retried.crashes == 0)
    }

    @Test("A job that is not loaded cannot be changed")
    func notLoaded() {
        var queue = queue()
        let error = #expect(throws: StoreError.self) { try queue.cancel(.make(at: now), at: now) }
        #expect(error?.code == .notFound)
    }

    @Test("Counts have every status and add up")
    func stats() {
        let stats = JobStats(counts: [.queued: 2, .failed: 3], oldestQueuedAge: .seconds(1))
        #expect(stats.counts.count == JobStatus.allCases.count && stats.total == 5)
        #expect(stats[.queued] == 2 && stats[.failed] == 3 && stats[.completed] == 0)
    }

    @Test("A later lease has a greater token")
    func tokens() {
        #expect(LeaseToken.initial < LeaseToken.initial.next && LeaseToken(4).next == LeaseToken(5))
    }
}
