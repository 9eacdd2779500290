import MillraceCore

@testable import MillraceTesting

/// Adapters that lose the trace on the way.
enum TraceMutants {
    static let all: [StoreMutant] = [
        StoreMutant(
            "trace forgotten at the start",
            caughtBy: "a processing keeps the trace that it was started with, and its claimed chunks carry it",
            "each merge of a processing carries its trace"
        ) { lab in
            lab.processings.onStart = { [store = lab.store] base, processor, transcript, _ in
                try await base.start(processor, transcript: transcript)
                try store.step { state, _ in state.processings[processor.id]?.traceContext = nil }
            }
        },
        StoreMutant(
            "one trace for all",
            caughtBy: "a processing keeps the trace that it was started with, and its claimed chunks carry it"
        ) { lab in
            lab.processings.onClaim = { [store = lab.store] base, limit, scope, worker in
                let trace = try store.step { state, _ in
                    state.processings.values.compactMap(\.traceContext).first
                }
                return try await base.claim(upTo: limit, from: scope, by: worker).map {
                    ClaimedChunk(task: $0.task, source: $0.source, recipe: $0.recipe, traceContext: trace)
                }
            }
        },
        StoreMutant(
            "trace not handed over with chunks",
            caughtBy: "a processing keeps the trace that it was started with, and its claimed chunks carry it"
        ) { lab in
            lab.processings.onClaim = { base, limit, scope, worker in
                try await base.claim(upTo: limit, from: scope, by: worker).map {
                    ClaimedChunk(task: $0.task, source: $0.source, recipe: $0.recipe)
                }
            }
        },
        StoreMutant("merges without a trace", caughtBy: "each merge of a processing carries its trace") { lab in
            lab.processings.onSettle = { [store = lab.store] base, settlements in
                let receipt = try await base.settle(settlements)
                try store.step { state, now in
                    for job in state.jobs.values where job.type == .merge && job.status == .queued {
                        let request = JobRequest(
                            job.type, payload: job.payload, queueName: job.queueName, priority: job.priority,
                            uniqueKey: job.uniqueKey, transcriptID: job.transcriptID)
                        state.jobs[job.id] = Job(request, id: job.id, at: now)
                    }
                }
                return receipt
            }
        },
        StoreMutant(
            "what cannot be kept of a trace is dropped",
            caughtBy: "a trace that no store can keep is refused as bad input, and nothing is written"
        ) { lab in
            lab.jobs.onEnqueue = { base, requests in
                try await base.enqueue(
                    requests.map { request in
                        var request = request
                        request.traceContext = nil
                        return request
                    })
            }
        },
    ]
}
