import Foundation
import MillraceCore
import Testing

@Suite struct JobLifecycleTests {
    private let now = Timestamp.after(100)

    @Test("A new job is queued with nothing counted")
    func new() throws {
        let request = JobRequest(
            Jobs.type, payload: try JSONText("[1]"), queueName: try QueueName("q"), priority: .high, maxRetries: 5,
            uniqueKey: "k", transcriptID: .make(at: .zero))
        let id = JobID.make(at: now)
        let job = Job(request, id: id, at: now)
        #expect(job.id == id && job.type == Jobs.type && job.payload == request.payload && job.priority == .high)
        #expect(job.queueName == request.queueName && job.uniqueKey == "k" && job.maxRetries == 5)
        #expect(job.transcriptID == request.transcriptID && job.createdAt == now && job.updatedAt == now)
        #expect(job.status == .queued && job.retryCount == 0 && job.crashes == 0 && job.leaseToken == .initial)
        #expect(job.workerID == nil && job.scheduledAt == nil && job.startedAt == nil && job.completedAt == nil)
        #expect(job.errorMessage == nil && job.result == nil)
    }

    @Test("A request has the usual priority, queue and retries, and never fewer retries than none")
    func request() {
        let request = JobRequest(Jobs.type)
        #expect(request.priority == .medium && request.queueName == .default && request.maxRetries == nil)
        #expect(request.payload == .emptyObject && request.uniqueKey == nil && request.scheduledAt == nil)
        #expect(JobRequest(Jobs.type, maxRetries: -1).maxRetries == 0)
    }

    @Test(
        "A job is scheduled only for a time to come",
        arguments: [(-1, false), (0, false), (1, true)] as [(Int64, Bool)])
    func delayed(seconds: Int64, isScheduled: Bool) {
        let time = Timestamp.after(100 + seconds)
        let job = Job(JobRequest(Jobs.type, scheduledAt: time), id: .make(at: now), at: now)
        #expect(job.status == (isScheduled ? .scheduled : .queued))
        #expect(job.scheduledAt == (isScheduled ? time : nil))
        #expect(job.isClaimable(at: now) == !isScheduled)
        #expect(job.isClaimable(at: time))
    }

    @Test("Only queued jobs and scheduled ones that are due may be claimed", arguments: JobStatus.allCases)
    func claimable(status: JobStatus) {
        let job = Jobs.job(status)
        #expect(job.isClaimable(at: .after(499)) == (status == .queued))
        #expect(job.isClaimable(at: .after(500)) == (status == .queued || status == .scheduled))
    }

    @Test("A claim leases the job, and a settlement takes its token", arguments: [JobStatus.queued, .scheduled])
    func claim(status: JobStatus) {
        var job = Jobs.job(status)
        job.claim(by: Jobs.worker, at: now)
        #expect(job.status == .processing && job.workerID == Jobs.worker && job.leaseToken == LeaseToken(8))
        #expect(job.startedAt == now && job.scheduledAt == nil && job.updatedAt == now && job.completedAt == nil)
        #expect(job.retryCount == 1 && job.crashes == 2)
        let settlement = JobSettlement(job, .released)
        #expect(settlement.jobID == job.id && settlement.token == LeaseToken(8))
    }

    /// What a settlement must make of a held job whose `retryCount` is 1 of 3 and `crashes` 2.
    struct Settled: Sendable, CustomTestStringConvertible {
        let outcome: JobSettlement.Outcome
        let status: JobStatus
        var retryCount = 1
        var scheduledAt: Timestamp?
        var error: String? = "earlier"
        var result: JSONText?

        var testDescription: String { "\(outcome)" }
    }

    @Test(
        "Each outcome makes of a held job what it says",
        arguments: [
            Settled(
                outcome: .completed(result: JSONText(stored: "2")), status: .completed, error: nil,
                result: JSONText(stored: "2")),
            Settled(outcome: .completed(result: nil), status: .completed, error: nil),
            Settled(
                outcome: .retry(at: .after(101), error: "e"), status: .scheduled, retryCount: 2,
                scheduledAt: .after(101), error: "e"),
            Settled(outcome: .retry(at: .after(100), error: "e"), status: .queued, retryCount: 2, error: "e"),
            Settled(outcome: .retry(at: .after(1), error: "e"), status: .queued, retryCount: 2, error: "e"),
            Settled(outcome: .failed(error: "e"), status: .failed, error: "e"),
            Settled(outcome: .snoozed(until: .after(200)), status: .scheduled, scheduledAt: .after(200)),
            Settled(outcome: .snoozed(until: .after(99)), status: .queued),
            Settled(outcome: .released, status: .queued),
            Settled(outcome: .cancelled, status: .cancelled),
        ])
    func settle(expected: Settled) {
        var job = Jobs.job(.processing)
        job.settle(expected.outcome, at: now)
        #expect(job.status == expected.status)
        #expect(JobStatus.processing.nextStatuses.contains(job.status))
        #expect(job.retryCount == expected.retryCount && job.crashes == 2)
        #expect(job.scheduledAt == expected.scheduledAt)
        #expect(job.errorMessage == expected.error)
        #expect(job.result == expected.result)
        #expect(job.completedAt == (expected.status.isOpen ? nil : now))
        #expect(job.workerID == nil && job.leaseToken == LeaseToken(8) && job.updatedAt == now)
        #expect(job.startedAt == .after(1))
    }

    @Test("With no retry left, a job that asks for one has failed", arguments: [(3, 3), (0, 0), (4, 3)])
    func noRetryLeft(retryCount: Int, maxRetries: Int) {
        var job = Jobs.job(.processing, retryCount: retryCount, maxRetries: maxRetries)
        job.settle(.retry(at: .after(200), error: "e"), at: now)
        #expect(job.status == .failed && job.retryCount == retryCount && job.errorMessage == "e")
        #expect(job.completedAt == now && job.scheduledAt == nil)
    }

    @Test("A job is run once and as many times more as it has retries")
    func runs() {
        var job = Job(JobRequest(Jobs.type, maxRetries: 3), id: .make(at: now), at: now)
        var runs = 0
        while job.isClaimable(at: now) {
            job.claim(by: Jobs.worker, at: now)
            job.settle(.retry(at: now, error: "e"), at: now)
            runs += 1
        }
        #expect(runs == 4 && job.status == .failed && job.leaseToken == LeaseToken(8))
    }

    @Test("A rescue queues the job again, counts a crash and no retry")
    func rescue() {
        var job = Jobs.job(.processing)
        job.rescue(at: now)
        #expect(job.status == .queued && job.crashes == 3 && job.retryCount == 1 && job.workerID == nil)
        #expect(job.leaseToken == LeaseToken(8) && job.scheduledAt == nil && job.isClaimable(at: now))
    }

    static let pairs = JobStatus.allCases.flatMap { from in JobStatus.allCases.map { (from, $0) } }

    @Test("A move by hand does what is allowed and throws for everything else", arguments: pairs)
    func move(from: JobStatus, to: JobStatus) throws {
        let before = Jobs.job(from)
        var job = before
        guard to != .processing, JobStatusTests.moves[from]?.contains(to) == true else {
            let error = #expect(throws: StoreError.self) { try job.move(to: to, at: now) }
            #expect(error?.code == .illegalMove)
            #expect(job == before)
            return
        }
        try job.move(to: to, at: now)
        #expect(job.status == to && job.leaseToken == LeaseToken(8) && job.workerID == nil && job.updatedAt == now)
        #expect(job.scheduledAt == (to == .scheduled ? now : nil))
        #expect(job.completedAt == (to.isOpen ? nil : now))
        #expect(job.isClaimable(at: now) == (to == .queued || to == .scheduled))
        let startsAgain = from == .failed || from == .cancelled
        #expect(job.retryCount == (startsAgain ? 0 : 1) && job.crashes == (startsAgain ? 0 : 2))
        #expect(job.errorMessage == (startsAgain ? nil : "earlier"))
    }

    @Test("A stored job comes back as it was", arguments: JobStatus.allCases)
    func restored(status: JobStatus) {
        let job = Jobs.job(status)
        let state = Job.State(
            status: job.status, retryCount: job.retryCount, crashes: job.crashes, leaseToken: job.leaseToken,
            workerID: job.workerID, scheduledAt: job.scheduledAt, startedAt: job.startedAt,
            completedAt: job.completedAt, updatedAt: job.updatedAt, errorMessage: job.errorMessage, result: job.result)
        #expect(Job(JobRequest(Jobs.type), id: job.id, createdAt: job.createdAt, state: state) == job)
    }
}
