public import MillraceCore

/// Jobs in the trace of those who enqueue them.
///
/// Enqueueing is a span, and its context goes into the rows of requests that name none; whoever runs the jobs goes on
/// with that trace. Everything else is passed on as it is. A factory gives out its repositories in this form.
public struct TracedJobQueueRepository: ForwardingJobQueue {
    package let base: any JobQueueRepository

    /// Wraps a repository.
    public init(_ base: any JobQueueRepository) {
        self.base = base
    }

    /// Adds jobs in a span, a part of what the task does.
    public func enqueue(_ requests: [JobRequest]) async throws(StoreError) -> EnqueueReceipt {
        try await Spans.enqueue { (span, headers) async throws(StoreError) in
            guard let span else { return try await base.enqueue(requests) }
            let receipt = try await base.enqueue(requests.map { $0.carrying(headers) })
            span.describe(requests, receipt)
            return receipt
        }
    }
}
