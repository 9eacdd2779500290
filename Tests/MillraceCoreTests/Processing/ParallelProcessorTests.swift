import Foundation
import MillraceCore
import Testing

@Suite struct ParallelProcessorTests {
    private let now = Timestamp.after(100)

    @Test("A plan is pending, new, and has its chunks by index")
    func plan() throws {
        let processor = try Processings.plan(3)
        #expect(processor.status == .pending && processor.round == 1 && processor.version == 0 && processor.isNew)
        #expect(
            processor.tasks.map(\.index) == [0, 1, 2] && processor.tasks.allSatisfy { $0.processingID == processor.id })
        #expect(processor.tasks.map(\.range) == (0..<3).map { Processings.range($0) })
        #expect(processor.totalChunks == 3 && processor.completedChunks == 0 && processor.progress == 0)
        #expect(processor.queueName == .default && processor.priority == .medium && processor.changedTasks.isEmpty)
        #expect(processor.merge == MergePayload(processingID: processor.id, round: 1))
    }

    private func plan(_ ranges: [(Int64, Int64)]) throws -> ParallelProcessor {
        try ParallelProcessor(
            id: .make(at: now), transcriptID: .make(at: now), source: Processings.source,
            recipe: Recipe(engine: .test),
            chunks: ranges.map { (ChunkID.make(at: now), SampleRange(uncheckedStart: $0.0, end: $0.1)) },
            maxRetries: -1, at: now)
    }

    @Test("A plan without chunks is refused")
    func empty() {
        #expect(throws: InvalidValue("plan", "must have at least one chunk")) { try plan([]) }
    }

    @Test(
        "A plan whose chunks overlap or go back is refused",
        arguments: [[(0, 10), (9, 20)], [(10, 20), (0, 10)], [(0, 10), (0, 10)]] as [[(Int64, Int64)]])
    func overlap(ranges: [(Int64, Int64)]) {
        #expect(throws: InvalidValue("plan", "the chunks overlap at sample \(ranges[1].0)")) { try plan(ranges) }
    }

    @Test("Chunks may leave something out, and never have fewer retries than none")
    func pauses() throws {
        let processor = try plan([(0, 10), (10, 20), (25, 30)])
        #expect(processor.totalChunks == 3 && processor.tasks.allSatisfy { $0.maxRetries == 0 })
    }

    @Test("Progress is the part of chunks that are completed")
    func progress() throws {
        let processor = try Processings.loaded(.processing, chunks: [.completed, .failed, .pending, .completed])
        #expect(processor.completedChunks == 2 && processor.failedChunks == 1 && processor.progress == 0.5)
        #expect(try Processings.loaded(.processing, chunks: []).progress == 0)
    }

    @Test("A row shows the greater of what was counted and what was shown")
    func rowProgress() throws {
        var row = ParallelProcessor.Row(try Processings.loaded(.processing, chunks: [.completed, .pending]))
        #expect(row.progress == 0.5 && row.totalChunks == 2 && row.completedChunks == 1)
        row.shownProgress = 0.75
        #expect(row.progress == 0.75)
        row.totalChunks = 0
        row.shownProgress = 0
        #expect(row.progress.isFinite)
    }

    @Test("Only a partial or failed processing is resumed", arguments: ProcessingStatus.allCases)
    func resumable(status: ProcessingStatus) throws {
        let before = try Processings.loaded(status, chunks: [.completed, .failed])
        var processor = before
        guard status == .partial || status == .failed else {
            let error = #expect(throws: StoreError.self) { try processor.resume(at: now) }
            #expect(error?.code == .illegalMove && processor == before)
            return
        }
        try processor.resume(at: now)
        #expect(processor.status == .processing && processor.round == 2 && processor.completedAt == nil)
        #expect(processor.errorMessage == nil && processor.updatedAt == now && processor.merge.round == 2)
        #expect(processor.tasks[0] == before.tasks[0])
        let chunk = processor.tasks[1]
        #expect(chunk.status == .pending && chunk.retryCount == 0 && chunk.crashes == 0 && chunk.errorMessage == nil)
        #expect(chunk.isClaimable(at: now) && chunk.leaseToken == LeaseToken(8) && chunk.completedAt == nil)
        #expect(processor.changedTasks == [chunk.id: LeaseToken(7)])
    }

    @Test("Resuming leaves held and pending chunks alone")
    func resumeHeld() throws {
        let before = try Processings.loaded(.failed, chunks: [.processing, .pending, .cancelled])
        var processor = before
        try processor.resume(at: now)
        #expect(Array(processor.tasks[..<2]) == Array(before.tasks[..<2]))
        #expect(processor.changedTasks == [before.tasks[2].id: LeaseToken(7)])
    }

    @Test("With nothing left to transcribe, only the merge is run again")
    func resumeMerge() throws {
        var processor = try Processings.loaded(.failed, chunks: [.completed, .completed])
        try processor.resume(at: now)
        #expect(processor.status == .merging && processor.changedTasks.isEmpty && processor.round == 2)
    }

    @Test(
        "A processing that has not ended can be cancelled, and who holds its chunks is fenced",
        arguments: ProcessingStatus.allCases)
    func cancel(status: ProcessingStatus) throws {
        let before = try Processings.loaded(status, chunks: [.completed, .processing, .pending, .failed])
        var processor = before
        guard [.pending, .processing, .merging].contains(status) else {
            let error = #expect(throws: StoreError.self) { try processor.cancel(at: now) }
            #expect(error?.code == .illegalMove && processor == before)
            return
        }
        try processor.cancel(at: now)
        #expect(processor.status == .cancelled && processor.completedAt == now && processor.updatedAt == now)
        #expect(processor.tasks.map(\.status) == [.completed, .cancelled, .cancelled, .failed])
        #expect(processor.tasks[0] == before.tasks[0])
        #expect(processor.tasks[1].leaseToken == LeaseToken(8) && processor.tasks[1].workerID == nil)
        #expect(processor.changedTasks == [before.tasks[1].id: LeaseToken(7), before.tasks[2].id: LeaseToken(7)])
    }

    @Test("After two changes, a chunk still has the token it was loaded with")
    func resumeThenCancel() throws {
        var processor = try Processings.loaded(.partial, chunks: [.completed, .failed])
        try processor.resume(at: now)
        try processor.cancel(at: now)
        #expect(processor.tasks[1].status == .cancelled && processor.tasks[1].leaseToken == LeaseToken(9))
        #expect(processor.changedTasks == [processor.tasks[1].id: LeaseToken(7)])
    }

    @Test("A stored processing comes back as it was, and is not new")
    func restored() throws {
        let processor = try Processings.loaded(.partial, chunks: [.completed, .failed])
        #expect(ParallelProcessor(ParallelProcessor.Row(processor), tasks: processor.tasks) == processor)
        #expect(!processor.isNew && processor.version == 4)
    }

    @Test("The statuses are those of the tables, and only some can be taken up again")
    func statuses() {
        #expect(
            ProcessingStatus.allCases.map(\.rawValue)
                == ["PENDING", "PROCESSING", "MERGING", "COMPLETED", "PARTIAL", "FAILED", "CANCELLED"])
        #expect(ProcessingStatus.allCases.filter(\.isFinal) == [.completed, .partial, .failed, .cancelled])
        #expect(
            ProcessingStatus.allCases.filter(\.isResumable) == [.pending, .processing, .merging, .partial, .failed])
        #expect(ChunkStatus.allCases.map(\.rawValue) == ["PENDING", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"])
    }

    @Test("The merge is one job a round, which carries its processing and round")
    func merge() throws {
        var row = ParallelProcessor.Row(try Processings.loaded(.processing, chunks: [.completed, .pending]))
        row.priority = .high
        row.traceContext = ["traceparent": "00-a-b-01"]
        let id = row.id
        let payload = MergePayload(processingID: id, round: 2)
        let request = payload.request(for: row)
        #expect(request.type == .merge && request.priority == .high && request.transcriptID == row.transcriptID)
        #expect(request.uniqueKey == "merge:\(id):2" && request.queueName == row.queueName)
        #expect(request.traceContext == row.traceContext)
        #expect(try request.payload.decode(MergePayload.self) == payload)
        #expect(try JSONText(encoding: payload) == request.payload)
        #expect(MergePayload(processingID: id, round: 1).uniqueKey != payload.uniqueKey)
    }
}
