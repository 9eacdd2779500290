import MillraceCore

@testable import MillraceTesting

/// Broken dealings with what kills its workers, and broken lists of leases.
enum SuspectMutants {
    static let all: [StoreMutant] = jobs + chunks

    private static let jobs: [StoreMutant] = [
        StoreMutant(
            "suspects claimed with the others",
            caughtBy: "a job whose workers died too often is given alone, and only to a claimer that is alone"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                if !scope.isAlone { scope.maxCrashes = 0 }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "suspects never claimed without a limit",
            caughtBy: "without a limit of crashes every job is given to everyone"
        ) { lab in
            lab.jobs.onClaim = { base, limit, scope, worker in
                var scope = scope
                scope.maxCrashes = 3
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "killers of workers queued for ever",
            caughtBy: "a job that kills its worker once more than is allowed has failed, for that reason"
        ) { lab in
            lab.jobs.onRescue = { base, _ in try await base.rescue(maxCrashes: 0) }
        },
        StoreMutant(
            "leases never seen to be lost", caughtBy: "the leases of a worker are those that it holds, and no others"
        ) { lab in
            let seen = Recorded<[JobID: LeaseToken]>([:])
            lab.jobs.onLeases = { base, worker in
                let held = try await base.leases(of: worker)
                return seen.change { seen in
                    seen.merge(held) { $1 }
                    return seen
                }
            }
        },
        StoreMutant(
            "senseless requests trimmed",
            caughtBy: "a unique key or a time-out that makes no sense is refused, and its whole batch with it"
        ) { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(
                    requests.map { request in
                        var request = request
                        request.uniqueKey = request.uniqueKey.flatMap { $0.isEmpty ? nil : String($0.prefix(500)) }
                        if request.timeout == .zero { request.timeout = nil }
                        return request
                    })
            }
        },
        StoreMutant("time-outs dropped", caughtBy: "an enqueued job is stored as it was requested") { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(
                    requests.map { request in
                        var request = request
                        request.timeout = nil
                        return request
                    })
            }
        },
        StoreMutant(
            "twins of a batch not named",
            caughtBy: "of thousands of requests, each with a unique key, those that are open or twins are skipped"
        ) { lab in
            lab.jobs.onEnqueue = { base, requests in
                let receipt = try await base.enqueue(requests)
                return EnqueueReceipt(ids: receipt.ids, skipped: Array(receipt.skipped.prefix(1_000)))
            }
        },
    ]

    private static let chunks: [StoreMutant] = [
        StoreMutant(
            "suspect chunks claimed with the others",
            caughtBy: "a chunk whose workers died too often is given alone, and only to a claimer that is alone"
        ) { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                var scope = scope
                if !scope.isAlone { scope.maxCrashes = 0 }
                return try await base.claim(upTo: limit, from: scope, by: worker)
            }
        },
        StoreMutant(
            "chunks that kill workers retried for ever",
            caughtBy: "a chunk that kills its worker once more than is allowed has failed and is counted"
        ) { lab in
            lab.processings.onRescue = { base, _ in try await base.rescue(maxCrashes: 0) }
        },
        StoreMutant(
            "leases of chunks never seen to be lost",
            caughtBy: "the leases of a worker are the chunks that it holds, and no others"
        ) { lab in
            let seen = Recorded<[ChunkID: LeaseToken]>([:])
            lab.processings.onLeases = { base, worker in
                let held = try await base.leases(of: worker)
                return seen.change { seen in
                    seen.merge(held) { $1 }
                    return seen
                }
            }
        },
    ]
}
