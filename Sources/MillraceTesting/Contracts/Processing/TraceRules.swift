internal import MillraceCore

/// That what is done for a run can be seen in the trace that the run belongs to.
enum TraceRules {
    private static let trace = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"]

    static let all: [ContractRule<StoreFixture>] = [
        ContractRule("a processing keeps the trace that it was started with, and its claimed chunks carry it") {
            fixture in
            let traced = try await fixture.started(Plan(recording: "traced", chunks: 1, traceContext: trace))
            let untraced = try await fixture.started(Plan(recording: "untraced", chunks: 1))
            for (processor, expected) in [(traced, trace), (untraced, nil)] {
                try requireEqual(try await fixture.row(processor.id).traceContext, expected, "the trace of the row")
                let scope = ChunkScope(engines: [.ear], processings: [processor.id])
                let claimed = try await fixture.processings.claim(upTo: 1, from: scope, by: fixture.worker())
                try requireEqual(claimed.map(\.traceContext), [expected], "the trace of the claimed chunk")
                let loaded = try await fixture.loaded(processor.id)
                try requireEqual(loaded.traceContext, expected, "the trace of the loaded processing")
            }
        },
        ContractRule("each merge of a processing carries its trace") { fixture in
            let first = try await fixture.started(Plan(traceContext: trace))
            try await fixture.transcribeAll(failing: [1])
            try await fixture.finish(first)
            var second = try await fixture.loaded(first.id)
            try second.resume(at: fixture.now)
            try await fixture.processings.save(second)
            try await fixture.transcribeAll()
            let merges = try await fixture.merges(of: first)
            try requireEqual(merges.map(\.traceContext), [trace, trace], "the traces of the merges")
        },
        ContractRule("a trace that no store can keep is refused as bad input, and nothing is written") { fixture in
            let (plan, transcript) = try fixture.planned(Plan(traceContext: ["traceparent": "a\0b"]))
            try await requireError(.invalid, "starting with NUL in the trace") {
                try await fixture.processings.start(plan, transcript: transcript)
            }
            try requireEqual(try await fixture.processings.load(plan.id), nil, "the refused processing")
            try requireEqual(try await fixture.transcripts.load(transcript.id), nil, "the refused transcript")
            try await requireError(.invalid, "enqueueing with NUL in the trace") {
                let bad = JobRequest(.work, traceContext: ["traceparent": "a\0b"])
                _ = try await fixture.jobs.enqueue([JobRequest(.work), bad])
            }
            try requireEqual(try await fixture.jobs.jobStats(queueName: .default).total, 0, "the jobs of the batch")
        },
    ]
}
