internal import MillraceCore
internal import MillraceSpeech
internal import MillraceWorkers

/// Runs the jobs of type `transcribe`: plans a run, and ends the job when that has ended.
///
/// The job is run twice. The first time it stores the plan, or joins the one that is there, and then waits for the
/// transcript without a place. The end of the transcript makes the job due in the same transaction, and the second run
/// ends it with what came of it. The chunks are anybody's in the meantime.
struct TranscribeHandler: JobHandler {
    let jobType = JobType.transcribe
    let millrace: Millrace
    let transcribers: [any Transcriber]

    func run(_ payload: TranscribePayload, in context: JobContext) async throws -> TranscribeResult {
        let job = context.job
        if let begun = job.awaits {
            guard let row = try await millrace.processings.row(of: begun) else {
                throw Failure("the transcript was deleted before it was done")
            }
            return try await end(row)
        }
        // Planned by who enqueued the job, because nobody else may reach the recording.
        if let planned = payload.transcriptID { throw AwaitTranscript(planned) }
        let processor = try await begin(payload, for: job)
        throw AwaitTranscript(processor.transcriptID)
    }

    private func begin(_ payload: TranscribePayload, for job: Job) async throws -> ParallelProcessor {
        guard let engine = job.engine else { throw Failure("the job names no engine") }
        guard let transcriber = transcribers.first(where: { $0.identity == engine }) else {
            throw LeaveJob("no worker so far has the engine \(engine.kind) as the job needs it")
        }
        let options: TranscriptionOptions
        let input: RecordingInput
        do throws(InvalidValue) {
            options = try payload.options(priority: job.priority)
            input = try RecordingInput(parsing: payload.source)
        } catch {
            throw Failure(error.description)
        }
        guard input != .standardInput else { throw Failure("the standard input of a worker is no recording") }
        do throws(TranscriptionError) {
            try options.check(for: transcriber)
        } catch {
            // Every worker with this engine would say the same.
            throw Failure(error.message)
        }
        do {
            try await transcriber.check()
            return try await millrace.enlist(input, engine: engine, options: options, for: job).0
        } catch let error as TranscriptionError where error.code == .engineUnavailable {
            throw LeaveJob(error.message, missing: engine)
        } catch let error as TranscriptionError where error.isOfThisMachine {
            throw LeaveJob(error.message)
        }
    }

    private func end(_ row: ParallelProcessor.Row) async throws -> TranscribeResult {
        guard row.status.isFinal else { throw AwaitTranscript(row.transcriptID) }
        try await millrace.removeDecoded(row.source.hash)
        switch row.status {
        case .completed, .partial: return TranscribeResult(row)
        case .cancelled: throw CancelJob()
        default: throw Failure(try await reason(of: row))
        }
    }

    /// Why there is no transcript: what the processing says, else the first of its chunks that failed.
    private func reason(of row: ParallelProcessor.Row) async throws(StoreError) -> String {
        if let message = row.errorMessage { return message }
        for try await chunk in millrace.processings.results(of: row.id) where chunk.status == .failed {
            return "\(row.failedChunks) of \(row.totalChunks) chunks failed, the first of them: "
                + (chunk.errorMessage ?? "no reason known")
        }
        return "there is no transcript"
    }

    /// What no further run of the job would mend.
    private struct Failure: RetryAdvising, CustomStringConvertible {
        let description: String
        var isRetryable: Bool { false }

        init(_ description: String) {
            self.description = description
        }
    }
}

extension TranscriptionError {
    /// Whether it may be otherwise on another machine: the recording cannot be read here.
    fileprivate var isOfThisMachine: Bool { code == .unreadable || code == .changed }
}
