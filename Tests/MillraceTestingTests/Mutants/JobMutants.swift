import MillraceCore

@testable import MillraceTesting

/// Broken ways to enqueue, claim and settle jobs.
enum JobMutants {
    static let all: [StoreMutant] = enqueueing + claiming + settling

    private static let enqueueing: [StoreMutant] = [
        StoreMutant("payloads dropped", caughtBy: "an enqueued job is stored as it was requested") { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(requests.edited { $0.payload = .emptyObject })
            }
        },
        StoreMutant("NUL let through", caughtBy: "a unique key that no store can keep is refused as bad input") { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(requests.edited { $0.uniqueKey = $0.uniqueKey?.replacing("\0", with: "") })
            }
        },
        StoreMutant(
            "batch enqueued backwards", caughtBy: "jobs enqueued together are claimed in the order of their batch"
        ) { lab in
            lab.jobs.onEnqueue = { base, requests in
                let receipt = try await base.enqueue(requests.reversed())
                return EnqueueReceipt(ids: receipt.ids.reversed(), skipped: receipt.skipped)
            }
        },
        StoreMutant(
            "no unique keys", caughtBy: "a request whose unique key an open job has is skipped and named",
            "two requests of one batch with the same unique key are one job",
            "many requests with one unique key at once are one job",
            "a unique key is free again once its job has ended"
        ) { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(requests.edited { $0.uniqueKey = nil })
            }
        },
        StoreMutant(
            "unique keys taken for ever", caughtBy: "a unique key is free again once its job has ended"
        ) { lab in
            lab.jobs.onEnqueue = { [store = lab.store] base, requests in
                let old = try store.step { state, _ in
                    state.jobs.values.first { job in requests.contains { $0.uniqueKey == job.uniqueKey } }
                }
                guard let old else { return try await base.enqueue(requests) }
                return EnqueueReceipt(ids: [old.id], skipped: [0])
            }
        },
        StoreMutant(
            "unique keys forgotten by a retry by hand",
            caughtBy: "a job is not opened by hand while another open job has its unique key"
        ) { lab in
            lab.jobs.onMove = { [store = lab.store] _, id, status in
                try store.step { (state, now) throws(StoreError) in try state.jobs[id]?.move(to: status, at: now) }
            }
        },
        StoreMutant("batch enqueued in two halves", caughtBy: "a batch is seen whole or not at all") { lab in
            lab.jobs.onEnqueue = { base, requests in
                let middle = requests.count / 2
                let first = try await base.enqueue(Array(requests[..<middle]))
                try? await Task.sleep(for: .milliseconds(5))
                let second = try await base.enqueue(Array(requests[middle...]))
                return EnqueueReceipt(ids: first.ids + second.ids, skipped: first.skipped + second.skipped)
            }
        },
        StoreMutant("cancellation ignored", caughtBy: "a task that is cancelled already enqueues nothing") { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await uncancelled { try await base.enqueue(requests) }
            }
        },
    ]

    private static let claiming: [StoreMutant] = [
        StoreMutant(
            "claim by read", caughtBy: "a claimed job is leased to the worker",
            "two workers never hold one job, however many claim at once"
        ) { lab in
            lab.jobs.onClaim = { [store = lab.store] base, limit, scope, worker in
                let before = try store.step { state, _ in state.jobs }
                let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
                try store.step { state, _ in
                    for job in claimed { state.jobs[job.id] = before[job.id] }
                }
                return claimed
            }
        },
        StoreMutant(
            "age before priority", caughtBy: "the most urgent job is claimed first, the oldest first among equals"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                let all = try await base.claim(upTo: .max, from: scope, by: worker)
                    .sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
                _ = try await base.settle(all.dropFirst(limit).map { JobSettlement($0, .released) })
                return Array(all.prefix(limit))
            }
        },
        StoreMutant("delays ignored", caughtBy: "a delayed job is claimed once its time has come, not before") { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(requests.edited { $0.scheduledAt = nil })
            }
        },
        StoreMutant(
            "delayed jobs never claimed", caughtBy: "a delayed job is claimed once its time has come, not before",
            "jobs that may be claimed are read in the order of a claim, and stay free"
        ) { lab in
            lab.jobs.onClaim = { [store = lab.store] base, limit, scope, worker in
                // SCHEDULED jobs are out of sight for the length of the claim.
                let delayed = try store.step { state, _ in
                    let delayed = state.jobs.filter { $0.value.status == .scheduled }
                    for id in delayed.keys { state.jobs[id] = nil }
                    return delayed
                }
                let claimed = try await base.claim(upTo: limit, from: scope, by: worker)
                try store.step { state, _ in state.jobs.merge(delayed) { $1 } }
                return claimed
            }
        },
        StoreMutant(
            "queues of the scope ignored", caughtBy: "a claim keeps to the queues, types and transcripts of its scope"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.queues.append(QueueName(stored: "mail"))
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "types of the scope ignored", caughtBy: "a claim keeps to the queues, types and transcripts of its scope"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.types = [.work, .other]
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "transcripts of the scope ignored",
            caughtBy: "a claim keeps to the queues, types and transcripts of its scope"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.transcripts = nil
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant("claims without a lease", caughtBy: "a worker without a lease claims nothing") { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                try await base.register(worker, process: nil, leasedFor: .seconds(10))
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant("one more than the limit", caughtBy: "a claim takes no more than its limit") { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                try await base.claim(upTo: limit + 1, from: scope, by: worker)
            }
        },
        StoreMutant(
            "reading pending jobs leases them",
            caughtBy: "jobs that may be claimed are read in the order of a claim, and stay free"
        ) { lab in
            lab.jobs.onFindPending = { [clock = lab.clock] base, queue, limit in
                let worker = WorkerID.make(at: clock.timeOfDay)
                try await base.register(worker, process: nil, leasedFor: .seconds(10))
                let scope = JobScope(queues: [queue], types: [.work, .other])
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
    ]

    private static let settling: [StoreMutant] = [
        StoreMutant("results dropped", caughtBy: "a completed job keeps its result") { lab in
            lab.jobs.onSettle = rewriting { outcome in
                if case .completed = outcome { return .completed(result: nil) }
                return outcome
            }
        },
        StoreMutant(
            "retries not counted",
            caughtBy: "a retry costs one and waits for its time; when all are used up the job is FAILED"
        ) { lab in
            lab.jobs.onSettle = rewriting { outcome in
                if case .retry(let time, _) = outcome { return .snoozed(until: time) }
                return outcome
            }
        },
        StoreMutant("final failures retried", caughtBy: "a job that failed for good runs no more") { lab in
            lab.jobs.onSettle = rewriting { outcome in
                if case .failed(let error) = outcome {
                    return .retry(at: Timestamp(microseconds: 0), error: error)
                }
                return outcome
            }
        },
        StoreMutant("stopping costs a retry", caughtBy: "a job that is released or snoozed costs no retry") { lab in
            lab.jobs.onSettle = rewriting { outcome in
                outcome == .released ? .retry(at: Timestamp(microseconds: 0), error: "stopped") : outcome
            }
        },
        StoreMutant("called off is failed", caughtBy: "a job that was called off while it ran is CANCELLED") { lab in
            lab.jobs.onSettle = rewriting { $0 == .cancelled ? .failed(error: "cancelled") : $0 }
        },
        StoreMutant(
            "no fence", caughtBy: "a settlement after a rescue changes nothing",
            "a settlement after the status was changed by hand changes nothing",
            "a second settlement changes nothing",
            "a job that nobody holds cannot be settled, not even with its present token",
            "of a batch, lost leases are named and the others settled"
        ) { lab in
            lab.jobs.onSettle = { [store = lab.store] _, settlements in
                try store.step { state, now in
                    for settlement in settlements {
                        state.jobs[settlement.jobID]?.settle(settlement.outcome, at: now)
                    }
                    return []
                }
            }
        },
        StoreMutant(
            "fence by token alone",
            caughtBy: "a job that nobody holds cannot be settled, not even with its present token"
        ) { lab in
            lab.jobs.onSettle = { [store = lab.store] _, settlements in
                try store.step { state, now in
                    let owned = settlements.filter { state.jobs[$0.jobID]?.leaseToken == $0.token }
                    for settlement in owned { state.jobs[settlement.jobID]?.settle(settlement.outcome, at: now) }
                    return Set(settlements.map(\.jobID)).subtracting(owned.map(\.jobID))
                }
            }
        },
        StoreMutant(
            "lost leases not named", caughtBy: "of a batch, lost leases are named and the others settled"
        ) { lab in
            lab.jobs.onSettle = { base, settlements in
                _ = try await base.settle(settlements)
                return []
            }
        },
    ]

    private static func rewriting(
        _ rewrite: @escaping @Sendable (JobSettlement.Outcome) -> JobSettlement.Outcome
    ) -> @Sendable (any JobQueueRepository, [JobSettlement]) async throws -> Set<JobID> {
        { base, settlements in
            try await base.settle(
                settlements.map { JobSettlement($0.jobID, token: $0.token, rewrite($0.outcome)) })
        }
    }
}

extension [JobRequest] {
    /// The same requests, each changed.
    func edited(_ edit: (inout JobRequest) -> Void) -> [JobRequest] {
        map { request in
            var request = request
            edit(&request)
            return request
        }
    }
}

/// Runs an operation in a task of its own, which the caller's cancellation does not reach.
func uncancelled<Value: Sendable>(_ operation: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await Task { try await operation() }.value
}
