internal import Logging
internal import MillraceCore
internal import Tracing

/// The jobs that a worker can run.
struct JobSource: WorkSource {
    let worker: WorkerID
    let jobs: any JobQueueRepository
    let scope: JobScope
    let executors: [JobType: any JobExecutor]
    let engines: EngineWatch
    let unreachable: Unreachable<JobID>
    let retryPolicy: RetryPolicy
    let clock: any WallClock
    let time: MonotonicTime
    /// `nil` when nobody measures.
    let metrics: WorkerMetrics?
    let logger: Logger

    func claim(upTo limit: Int, alone: Bool) async throws(StoreError) -> [Job] {
        var scope = scope
        scope.isAlone = alone
        scope.unreachable = unreachable.list()
        scope.engines = engines.usable
        let batch = BatchSpan("claim jobs", by: worker)
        let claimed: [Job]
        do throws(StoreError) {
            claimed = try await jobs.claim(upTo: limit, from: scope, by: worker)
        } catch {
            batch.fail(error)
            throw error
        }
        batch.end(count: claimed.count) { claimed.compactMap { $0.traceContext.map(TraceHeaders.context) } }
        if !claimed.isEmpty { logger.debug("Claimed jobs", metadata: ["jobs": "\(claimed.count)"]) }
        return claimed
    }

    func lease(of job: Job) -> Lease<JobID> { Lease(id: job.id, token: job.leaseToken) }

    func timeout(of job: Job) -> Duration? { job.timeout ?? executors[job.type]?.timeout }

    func leases() async throws(StoreError) -> Set<Lease<JobID>> {
        Set(try await jobs.leases(of: worker).map { Lease(id: $0.key, token: $0.value) })
    }

    func perform(_ job: Job) async -> Performance<Traced<JobSettlement>> {
        let metrics = metrics?[job.type]
        let start = metrics.map { _ in time.now() }
        metrics?.begin(job)
        defer { if let start { metrics?.end(after: time.now() - start) } }
        let name = job.type == .merge ? "merge" : "run \(job.type)"
        return await Spans.item(name, in: job.traceContext) { span in
            span?.describe(job)
            return await run(job, in: span).map { Traced($0, span: span, tally: metrics?.tally(of: job)) }
        }
    }

    private func run(_ job: Job, in span: (any Span)?) async -> Performance<JobSettlement> {
        let context = JobContext(
            job: job, traceID: TraceHeaders.traceID(of: job.traceContext, or: span), logger: logger)
        guard let executor = executors[job.type] else {
            return .ended(JobSettlement(job, .failed(error: "no handler runs jobs of type \(job.type)")))
        }
        do {
            guard let outcome = try await executor.execute(context) else { return await afterItsOwnSettlement(of: job) }
            return .ended(JobSettlement(job, outcome))
        } catch let snooze as SnoozeJob {
            return .ended(JobSettlement(job, .snoozed(until: clock.now() + snooze.delay)))
        } catch let wait as AwaitTranscript {
            return .ended(JobSettlement(job, .awaiting(wait.transcript, until: clock.now() + wait.patience)))
        } catch is CancelJob {
            return .ended(JobSettlement(job, .cancelled))
        } catch let refusal as LeaveJob {
            leave(job, because: refusal, logger: context.logger)
            return .ended(JobSettlement(job, .snoozed(until: clock.now(), reason: refusal.reason)))
        } catch {
            // A handler that is told to end may throw what it likes.
            if Task.isCancelled { return .interrupted }
            span?.fail(error)
            context.logger.warning("A job failed", metadata: ["error": "\(error)"])
            return .ended(JobSettlement(job, failure(error, retryCount: job.retryCount)))
        }
    }

    private func leave(_ job: Job, because refusal: LeaveJob, logger: Logger) {
        if let engine = refusal.engine,
            engines.rest(engine, because: TranscriptionError(.engineUnavailable, refusal.reason))
        {
            return
        }
        unreachable.add(job.id)
        logger.warning("A job is left to others", metadata: ["reason": "\(refusal.reason)"])
    }

    func settlement(of job: Job, after interruption: Interruption) -> Traced<JobSettlement>? {
        let outcome: JobSettlement.Outcome? =
            switch interruption {
            case .stopped: .released
            case .revoked: nil
            case .timedOut(let timeout): failure(JobTimedOut(timeout: timeout), retryCount: job.retryCount)
            }
        return outcome.map {
            Traced(JobSettlement(job, $0), from: job.traceContext, tally: metrics?[job.type]?.tally(of: job))
        }
    }

    func release(of lease: Lease<JobID>) -> Traced<JobSettlement> {
        Traced(JobSettlement(lease.id, token: lease.token, .released))
    }

    func failing(_ traced: Traced<JobSettlement>, because error: StoreError) -> Traced<JobSettlement> {
        let old = traced.settlement
        return traced.with(
            JobSettlement(old.jobID, token: old.token, .failed(error: "the outcome cannot be stored: \(error)")))
    }

    func settle(_ settlements: [Traced<JobSettlement>]) async throws(StoreError) {
        let batch = BatchSpan("settle jobs", by: worker)
        let lost: Set<JobID>
        do throws(StoreError) {
            lost = try await jobs.settle(settlements.map(\.settlement))
        } catch {
            batch.fail(error, count: settlements.count)
            throw error
        }
        batch.end(count: settlements.count, lost: lost.count) { settlements.compactMap(\.span) }
        for traced in settlements {
            traced.tally?.count(traced.settlement.outcome, isLost: lost.contains(traced.settlement.jobID))
        }
        if !lost.isEmpty { logger.warning("Leases were lost", metadata: ["jobs": "\(lost.count)"]) }
    }

    /// A job that nobody settled would be held for as long as this worker lives.
    private func afterItsOwnSettlement(of job: Job) async -> Performance<JobSettlement> {
        let stored = try? await jobs.job(job.id)
        guard let stored, stored.leaseToken == job.leaseToken else {
            metrics?[job.type]?.countSettled(stored)
            return .settledItself
        }
        return .ended(JobSettlement(job, .failed(error: "its handler says that it has settled the job, and has not")))
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
