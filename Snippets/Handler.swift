import GRDB
import Logging
import Millrace
import MillraceSQLite
import ServiceLifecycle

// snippet.handler
/// Counts the words of a transcript.
struct CountWords: JobHandler {
    struct Request: Codable, Sendable {
        var transcript: TranscriptID
    }

    struct Count: Codable, Sendable {
        var words: Int
    }

    let jobType = JobType(known: "count-words")
    let transcripts: any TranscriptRepository

    var timeout: Duration? { .seconds(60) }

    func run(_ request: Request, in context: JobContext) async throws -> Count {
        guard let transcript = try await transcripts.load(request.transcript) else { throw NoTranscript() }
        // Not an error: the transcript is still being made. Come back when it has ended.
        guard transcript.status != .processing else { throw AwaitTranscript(transcript.id) }
        context.logger.debug("Counting words")
        return Count(words: transcript.text.split(whereSeparator: \.isWhitespace).count)
    }
}
// snippet.end

// snippet.error
/// Another try would find no transcript either.
struct NoTranscript: RetryAdvising {
    var isRetryable: Bool { false }
}
// snippet.end

let millrace = try await Millrace(store: .file("millrace.db"))
let transcript = try await millrace.transcribe("Examples/town-meeting.flac")

// snippet.enqueue
let handler = CountWords(transcripts: millrace.transcripts)
let request = try handler.request(
    CountWords.Request(transcript: transcript.id), priority: .high, uniqueKey: "count-words:\(transcript.id)")
let id = try await millrace.jobs.enqueue(request)
// snippet.end

// snippet.service
let worker = millrace.worker(handlers: [handler])
try await ServiceGroup(
    services: [worker], gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger(label: "app")
).run()
// snippet.end

// snippet.result
if let result = try await millrace.jobs.waitForResult(of: id, within: .seconds(60)) {
    print(try result.decode(CountWords.Count.self).words)
}
// snippet.end

// snippet.transaction
/// Adds to a balance: once, however often the job runs.
struct Deposit: JobHandler {
    let jobType = JobType(known: "deposit")
    let jobs: SQLiteJobQueueRepository

    func run(_ amount: Int, in context: JobContext) async throws -> SettledByHandler {
        let job = context.job
        try await jobs.store.transaction { [jobs] db in
            try db.execute(sql: "UPDATE shop_balance SET amount = amount + ?", arguments: [amount])
            let lost = try jobs.settle([JobSettlement(job, .completed(result: nil))], in: db)
            // Another may do the same at this moment: undo it.
            guard lost.isEmpty else { throw CancellationError() }
        }
        return SettledByHandler()
    }
}
// snippet.end
