import Foundation
import Logging
import TestServers
import Testing

@testable import Millrace

/// The built-in job that has a recording transcribed.
@Suite(.timeLimit(.minutes(5))) final class TranscribeJobTests: Sendable {
    private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-jobs-\(UUID())")
    private let engine = MoodyEngine()
    private let millrace: Millrace

    init() async throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        millrace = try await Millrace(
            store: .file(folder.appendingPathComponent("m.db").path),
            logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
    }

    deinit {
        try? FileManager.default.removeItem(at: folder)
    }

    /// Writes bursts of noise with pauses between them: so many chunks of 1.5 s.
    private func recording(_ name: String = "noise.wav", chunks: Int = 3) throws -> String {
        var samples: [Int16] = []
        for burst in 0..<chunks {
            samples += (0..<16_000).map { Int16(($0 * (7 + 2 * burst)) % 8_000 - 4_000) }
            samples += [Int16](repeating: 0, count: 8_000)
        }
        let path = folder.appendingPathComponent(name).path
        try Data(WAVEncoder.encode(AudioChunk(samples: samples))).write(to: URL(fileURLWithPath: path))
        return path
    }

    private func enqueue(_ path: String, priority: JobPriority = .medium) async throws -> JobID {
        try await enqueue(
            .file(path),
            options: TranscriptionOptions(
                chunking: ChunkSettings(targetSeconds: 1.5), priority: priority, maxRetries: 0))
    }

    private func enqueue(
        _ input: RecordingInput, options: TranscriptionOptions = TranscriptionOptions()
    ) async throws -> JobID {
        try await millrace.enqueue(input, engine: engine.identity, options: options)
    }

    /// Runs a worker of the engine while `body` runs.
    private func working(
        with engines: [any Transcriber]? = nil, concurrency: Int = 4, _ body: () async throws -> Void
    ) async throws {
        let stop = StopSignal()
        let worker = millrace.worker(
            transcribers: engines ?? [engine],
            configuration: WorkerConfiguration(concurrency: concurrency, pollInterval: .milliseconds(10)), stop: stop)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await worker.run() }
            do {
                try await body()
            } catch {
                stop.raise()
                throw error
            }
            stop.raise()
            try await group.waitForAll()
        }
    }

    private func eventually(_ what: Comment, _ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(240)
        while try await !condition() {
            try #require(ContinuousClock.now < end, what)
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private func job(_ id: JobID) async throws -> Job {
        try #require(try await millrace.jobs.job(id))
    }

    private func ended(_ id: JobID) async throws -> Job {
        try await eventually("job \(id) ends") { try await !self.job(id).status.isOpen }
        return try await job(id)
    }

    private func processings() async throws -> [ParallelProcessor.Row] {
        try await millrace.processings.rows(matching: ProcessingFilter(), before: nil, limit: 100)
    }

    @Test func `is planned and transcribed by a worker, and its result names the transcript`() async throws {
        let id = try await enqueue(recording(), priority: .high)
        #expect(try await job(id).type == .transcribe)
        #expect(try await job(id).priority == .high)
        #expect(try await processings().isEmpty)
        try await working { _ = try await ended(id) }
        let done = try await job(id)
        #expect(done.status == .completed && done.retryCount == 0, "\(done.errorMessage ?? "")")
        let result = try #require(try await millrace.jobs.result(of: id)).decode(TranscribeResult.self)
        let row = try #require(try await processings().first)
        #expect(result.processingID == row.id && result.transcriptID == row.transcriptID)
        #expect(result.status == .completed && row.priority == .high)
        let transcript = try #require(try await millrace.transcripts.load(result.transcriptID))
        #expect(transcript.status == .completed && transcript.chunks.completed == 3)
        #expect(transcript.text == "noise noise noise")
    }

    @Test func `takes no place while its chunks run, and ends with the transcript`() async throws {
        let gate = engine.close()
        let ids = [try await enqueue(recording("a.wav")), try await enqueue(recording("b.wav", chunks: 2))]
        try await working(concurrency: 1) {
            // With one place, the second is only planned if the first does not keep it.
            try await eventually("both wait") {
                for id in ids where try await self.job(id).status != .scheduled { return false }
                return true
            }
            for id in ids {
                let waiting = try await job(id)
                #expect(waiting.status == .scheduled && waiting.workerID == nil && waiting.result == nil)
            }
            gate.raise()
            for id in ids { #expect(try await ended(id).status == .completed) }
        }
    }

    @Test func `two for one recording are one run, and both end with it`() async throws {
        let gate = engine.close()
        let path = try recording()
        let ids = [try await enqueue(path), try await enqueue(path)]
        try await working {
            try await eventually("both wait") {
                for id in ids where try await self.job(id).status != .scheduled { return false }
                return true
            }
            gate.raise()
            for id in ids { _ = try await ended(id) }
        }
        let results = [try await millrace.jobs.result(of: ids[0]), try await millrace.jobs.result(of: ids[1])]
        #expect(results[0] != nil && results[0] == results[1])
        #expect(try await processings().count == 1)
        #expect(engine.heard == 3)
    }

    @Test func `fails for the reason of its run, and a retry takes up what is missing`() async throws {
        let id = try await enqueue(recording())
        engine.fail(true)
        try await working {
            let failed = try await ended(id)
            #expect(failed.status == .failed && failed.result == nil)
            #expect(failed.errorMessage == "3 of 3 chunks failed, the first of them: not today")
            engine.fail(false)
            try await millrace.jobs.updateJobStatus(id, to: .queued)
            #expect(try await ended(id).status == .completed)
        }
        let rows = try await processings()
        #expect(rows.map(\.round) == [2] && rows.map(\.status) == [.completed])
    }

    @Test func `is left alone by a worker with another engine`() async throws {
        let id = try await enqueue(recording())
        let other = MoodyEngine(model: "another")
        let their = try await millrace.enqueue(.file(recording("b.wav")), engine: other.identity)
        try await working(with: [other]) { _ = try await ended(their) }
        #expect(try await job(their).status == .completed)
        let left = try await job(id)
        #expect(left.status == .queued && left.leaseToken == .initial)
        #expect(engine.heard == 0)
    }

    @Test func `is left to others where the recording cannot be read, and says why`() async throws {
        let path = folder.appendingPathComponent("later.wav").path
        let id = try await enqueue(path)
        let after = try await enqueue(recording())
        try await working {
            #expect(try await ended(after).status == .completed)
            try await eventually("the reason is noted") { try await self.job(id).errorMessage != nil }
        }
        let left = try await job(id)
        #expect(left.status == .queued && left.retryCount == 0)
        #expect(left.errorMessage?.contains("later.wav") == true, "\(left.errorMessage ?? "")")
        // Once, not as often as the worker asks for work: a claim and its end are two.
        #expect(left.leaseToken.value == 2)
        _ = try recording("later.wav")
        try await working { _ = try await ended(id) }
        let done = try await job(id)
        #expect(done.status == .completed && done.errorMessage == nil)
    }

    @Test func `that is cancelled takes its run along, unless another job waits for it`() async throws {
        _ = engine.close()
        let path = try recording()
        let ids = [try await enqueue(path), try await enqueue(path)]
        try await working {
            try await eventually("both wait") {
                for id in ids where try await self.job(id).status != .scheduled { return false }
                return true
            }
            try await millrace.cancelJob(ids[0])
            #expect(try await job(ids[0]).status == .cancelled)
            #expect(try await processings().first?.status.isFinal == false)
            try await millrace.cancelJob(ids[1])
            #expect(try await job(ids[1]).status == .cancelled)
            let row = try #require(try await processings().first)
            #expect(row.status == .cancelled)
            #expect(try await millrace.transcripts.load(row.transcriptID)?.status == .cancelled)
            try await eventually("the engine is told to end") { self.engine.cancelled > 0 }
        }
        await #expect { try await millrace.cancelJob(ids[1]) } throws: { ($0 as? StoreError)?.code == .illegalMove }
        await #expect { try await millrace.cancelJob(.make(at: SystemWallClock().now())) } throws: {
            ($0 as? StoreError)?.code == .notFound
        }
    }

    @Test func `ends with a run that is cancelled or deleted`() async throws {
        _ = engine.close()
        let ids = [try await enqueue(recording("a.wav")), try await enqueue(recording("b.wav", chunks: 2))]
        try await working {
            try await eventually("both wait") {
                for id in ids where try await self.job(id).status != .scheduled { return false }
                return true
            }
            let begun = [try #require(try await job(ids[0]).awaits), try #require(try await job(ids[1]).awaits)]
            let first = try #require(try await millrace.processings.row(of: begun[0]))
            try await millrace.cancelProcessing(first.id)
            #expect(try await ended(ids[0]).status == .cancelled)
            try await millrace.deleteTranscript(begun[1], force: true)
            let deleted = try await ended(ids[1])
            #expect(deleted.status == .failed)
            #expect(deleted.errorMessage == "the transcript was deleted before it was done")
        }
    }

    @Test func `for a URL that is refused for good fails, and says why`() async throws {
        try await HTTPTestServer.with { request in
            switch request.path {
            case "/busy.wav": HTTPTestAnswer(status: 503)
            case "/empty.wav": HTTPTestAnswer()
            case "/round.wav": HTTPTestAnswer(status: 302, headers: [("location", "/round.wav")])
            default: HTTPTestAnswer(status: 404)
            }
        } body: { server in
            let empty = try await enqueue(RecordingInput(parsing: server.url + "/empty.wav"))
            let round = try await enqueue(RecordingInput(parsing: server.url + "/round.wav"))
            let refused = try await enqueue(RecordingInput(parsing: server.url + "/gone.wav?token=secret"))
            let busy = try await enqueue(RecordingInput(parsing: server.url + "/busy.wav"))
            try await working {
                let failed = try await ended(refused)
                #expect(failed.status == .failed && failed.retryCount == 0)
                #expect(failed.errorMessage?.hasPrefix(server.url + "/gone.wav: the server answers 404") == true)
                for (job, says) in [(empty, "sent nothing"), (round, "is redirected more than")] {
                    let failed = try await ended(job)
                    #expect(failed.status == .failed && failed.errorMessage?.contains(says) == true)
                }
                try await eventually("the reason is noted") { try await self.job(busy).errorMessage != nil }
            }
            #expect(try await job(busy).status == .queued)
        }
    }

    @Test func `whose engine is gone waits for it, and the worker asks for it no more than it must`() async throws {
        let path = try recording()
        engine.leave(true)
        let ids = [try await enqueue(path), try await enqueue(recording("b.wav", chunks: 2))]
        try await working(concurrency: 1) {
            try await eventually("the reason is noted") {
                for id in ids where try await self.job(id).errorMessage != nil { return true }
                return false
            }
            let waiting = [try await job(ids[0]), try await job(ids[1])]
            #expect(waiting.allSatisfy { $0.status == .queued && $0.retryCount == 0 })
            #expect(waiting.count { $0.errorMessage == "the mood is gone; wait" } == 1)
            engine.leave(false)
            for id in ids { #expect(try await ended(id).status == .completed) }
        }
    }

    @Test func `that asks for what its engine refuses fails, and says why`() async throws {
        let path = try recording()
        let language = try await enqueue(.file(path), options: TranscriptionOptions(language: "tlh"))
        let prompt = try await enqueue(.file(path), options: TranscriptionOptions(prompt: "Words"))
        try await working {
            let failed = try await ended(language)
            #expect(failed.status == .failed && failed.errorMessage == "moody knows no Klingon")
            #expect(try await ended(prompt).status == .failed)
        }
        #expect(engine.heard == 0)
        #expect(try await processings().isEmpty)
    }

    @Test func `keeps times to the sample as they were typed`() throws {
        for tenth in 0..<36_000 {
            let range = try RecordingRange(
                start: .milliseconds(100 * tenth), end: .milliseconds(100 * tenth + 100))
            let payload = TranscribePayload(source: "/a.wav", options: TranscriptionOptions(range: range))
            let stored = try JSONDecoder().decode(TranscribePayload.self, from: JSONEncoder().encode(payload))
            let kept = try stored.options(priority: .medium).range
            try #require(kept == range, "\(tenth)")
        }
    }

    @Test func `with a payload that makes no sense fails at once, whoever wrote it`() async throws {
        let path = try recording()
        let payloads = [
            "{}", #"{"source":7}"#, #"{"source":"\#(path)","chunkSeconds":0.001}"#,
            #"{"source":"\#(path)","engine":1}"#,
        ]
        var ids: [JobID] = []
        for payload in payloads {
            let request = JobRequest(.transcribe, payload: try JSONText(payload), engine: engine.identity)
            ids.append(try await millrace.jobs.enqueue(request))
        }
        let nobodys = try await millrace.jobs.enqueue(
            JobRequest(.transcribe, payload: try JSONText(#"{"source":"\#(path)"}"#)))
        try await working {
            for id in ids.prefix(3) { #expect(try await ended(id).status == .failed) }
            // What the handler does not know it does not look at: only the job names an engine.
            #expect(try await ended(ids[3]).status == .completed)
            let orphan = try await ended(nobodys)
            #expect(orphan.errorMessage == "the job names no engine")
        }
    }
}
