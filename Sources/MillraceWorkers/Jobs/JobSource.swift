internal import Logging
internal import MillraceCore

/// The jobs that a worker can run.
struct JobSource: WorkSource {
    let worker: WorkerID
    let jobs: any JobQueueRepository
    let scope: JobScope
    let executors: [JobType: any JobExecutor]
    let retryPolicy: RetryPolicy
    let clock: any WallClock
    let logger: Logger

    func claim(upTo limit: Int, alone: Bool) async throws(StoreError) -> [Job] {
        var scope = scope
        scope.isAlone = alone
        let claimed = try await jobs.claim(upTo: limit, from: scope, by: worker)
        if !claimed.isEmpty { logger.debug("Claimed jobs", metadata: ["jobs": "\(claimed.count)"]) }
        return claimed
    }

    func lease(of job: Job) -> Lease<JobID> { Lease(id: job.id, token: job.leaseToken) }

    func timeout(of job: Job) -> Duration? { job.timeout ?? executors[job.type]?.timeout }

    func leases() async throws(StoreError) -> Set<Lease<JobID>> {
        Set(try await jobs.leases(of: worker).map { Lease(id: $0.key, token: $0.value) })
    }

    func perform(_ job: Job) async -> Performance<JobSettlement> {
        let context = JobContext(job: job, logger: logger)
        guard let executor = executors[job.type] else {
            return .ended(JobSettlement(job, .failed(error: "no handler runs jobs of type \(job.type)")))
        }
        do {
            guard let outcome = try await executor.execute(context) else { return .settledItself }
            return .ended(JobSettlement(job, outcome))
        } catch let snooze as SnoozeJob {
            return .ended(JobSettlement(job, .snoozed(until: clock.now() + snooze.delay)))
        } catch {
            // A handler that is told to end may throw what it likes.
            if Task.isCancelled { return .interrupted }
            context.logger.warning("A job failed", metadata: ["error": "\(error)"])
            return .ended(JobSettlement(job, failure(error, retryCount: job.retryCount)))
        }
    }

    func settlement(of job: Job, after interruption: Interruption) -> JobSettlement? {
        switch interruption {
        case .stopped: JobSettlement(job, .released)
        case .revoked: nil
        case .timedOut(let timeout):
            JobSettlement(job, failure(JobTimedOut(timeout: timeout), retryCount: job.retryCount))
        }
    }

    func failing(_ settlement: JobSettlement, because error: StoreError) -> JobSettlement {
        JobSettlement(
            settlement.jobID, token: settlement.token, .failed(error: "the outcome cannot be stored: \(error)"))
    }

    func settle(_ settlements: [JobSettlement]) async throws(StoreError) {
        let lost = try await jobs.settle(settlements)
        if !lost.isEmpty { logger.warning("Leases were lost", metadata: ["jobs": "\(lost.count)"]) }
    }

    private struct JobTimedOut: Error, CustomStringConvertible {
        let timeout: Duration
        var description: String { "it took longer than \(timeout.inSeconds) s and was stopped" }
    }

    private func failure(_ error: any Error, retryCount: Int) -> JobSettlement.Outcome {
        let isRetryable = (error as? any RetryAdvising)?.isRetryable ?? true
        guard isRetryable else { return .failed(error: "\(error)") }
        var generator = SystemRandomNumberGenerator()
        let delay = retryPolicy.delay(beforeRetry: retryCount + 1, using: &generator)
        return .retry(at: clock.now() + delay, error: "\(error)")
    }
}
