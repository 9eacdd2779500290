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

    func claim(upTo limit: Int) async throws(StoreError) -> [Job] {
        try await jobs.claim(upTo: limit, from: scope, by: worker)
    }

    func perform(_ job: Job) async -> JobSettlement? {
        let context = JobContext(job: job, logger: logger)
        guard let executor = executors[job.type] else {
            return JobSettlement(job, .failed(error: "no handler runs jobs of type \(job.type)"))
        }
        do {
            return try await executor.execute(context).map { JobSettlement(job, $0) }
        } catch let snooze as SnoozeJob {
            return JobSettlement(job, .snoozed(until: clock.now() + snooze.delay))
        } catch {
            // A handler that is told to stop may throw what it likes.
            if Task.isCancelled { return JobSettlement(job, .released) }
            context.logger.warning("A job failed", metadata: ["error": "\(error)"])
            return JobSettlement(job, failure(error, retryCount: job.retryCount))
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

    private func failure(_ error: any Error, retryCount: Int) -> JobSettlement.Outcome {
        let isRetryable = (error as? any RetryAdvising)?.isRetryable ?? true
        guard isRetryable else { return .failed(error: "\(error)") }
        var generator = SystemRandomNumberGenerator()
        let delay = retryPolicy.delay(beforeRetry: retryCount + 1, using: &generator)
        return .retry(at: clock.now() + delay, error: "\(error)")
    }
}
