internal import Foundation
public import MillraceCore
public import MillraceSpeech

extension Millrace {
    /// Has a recording transcribed by a worker that has the engine, and returns at once.
    ///
    /// `result(of:)` of the job is a ``TranscribeResult`` when the transcript is there. The recording
    /// is only looked at by that worker, under the absolute path or the URL. With `uploadsAudio` the recording is read here
    /// and now, and its chunks are stored with their sound: no worker needs to reach it.
    ///
    /// - Returns: the job, of type `JobType.transcribe` and with the priority of the options.
    /// - Throws: `StoreError`; `invalid` for options that no store keeps, and for standard input that is not uploaded,
    ///   which no worker has. `TranscriptionError` when a recording that is to be uploaded cannot be read.
    public func enqueue(
        _ input: RecordingInput, engine: EngineIdentity, options: TranscriptionOptions = TranscriptionOptions()
    ) async throws -> JobID {
        try await enqueue([input], engine: engine, options: options)[0]
    }

    /// Has recordings transcribed as `enqueue(_:engine:options:)` of one does, all of them or none.
    ///
    /// - Returns: the jobs in the order of the recordings.
    public func enqueue(
        _ inputs: [RecordingInput], engine: EngineIdentity, options: TranscriptionOptions = TranscriptionOptions()
    ) async throws -> [JobID] {
        var requests: [JobRequest] = []
        for input in inputs {
            var payload = TranscribePayload(
                source: try Self.source(of: input, isUploaded: options.uploadsAudio), options: options)
            if options.uploadsAudio {
                payload.transcriptID = try await enlist(input, engine: engine, options: options, for: nil).0
                    .transcriptID
            }
            do throws(InvalidValue) {
                requests.append(
                    JobRequest(
                        .transcribe, payload: try JSONText(encoding: payload), priority: options.priority,
                        engine: engine))
            } catch {
                throw StoreError(.invalid, error.description, cause: error)
            }
        }
        return try await jobs.enqueue(requests).ids
    }

    /// Calls a job off, and with one of type `transcribe` the run that it has begun or joined, whoever else looks on, unless
    /// another open job waits for the same transcript.
    ///
    /// - Throws: `StoreError` `notFound`; `illegalMove` when it has ended. One that is CANCELLED while its run goes on is
    ///   no error: the run is called off.
    public func cancelJob(_ id: JobID) async throws(StoreError) {
        var failure: StoreError?
        do throws(StoreError) {
            try await jobs.updateJobStatus(id, to: .cancelled)
        } catch {
            guard error.code == .illegalMove else { throw error }
            failure = error
        }
        guard let job = try await jobs.job(id), job.status == .cancelled, job.type == .transcribe,
            let transcript = job.awaits ?? Self.planned(job), let row = try await processings.row(of: transcript),
            !row.status.isFinal,
            try await isForsaken(transcript)
        else {
            if let failure { throw failure }
            return
        }
        do throws(StoreError) {
            try await cancelProcessing(row.id)
        } catch {
            // It has ended in the meantime.
            guard error.code == .illegalMove else { throw error }
        }
    }

    /// Whether no open job waits for a transcript.
    private func isForsaken(_ transcript: TranscriptID) async throws(StoreError) -> Bool {
        let open = JobStatus.allCases.filter(\.isOpen)
        return try await jobs.jobs(
            matching: JobFilter(statuses: open, awaiting: transcript), before: nil, limit: 1
        ).isEmpty
    }

    /// Calls a run off with its transcript: chunks that are held are stopped within a second, results stay in the cache.
    ///
    /// - Throws: `StoreError` `notFound`; `illegalMove` when it has ended.
    public func cancelProcessing(_ id: ProcessingID) async throws(StoreError) {
        var conflict: StoreError?
        // Each settlement of its chunks in between is a conflict.
        for _ in 0..<100 {
            guard var processor = try await processings.load(id) else {
                throw StoreError(.notFound, "there is no processing \(id)")
            }
            try processor.cancel(at: SystemWallClock().now())
            do throws(StoreError) {
                try await processings.save(processor)
                try await removeDecoded(processor.source.hash)
                return
            } catch {
                guard error.code == .conflict else { throw error }
                conflict = error
            }
        }
        throw conflict ?? StoreError(.conflict, "processing \(id) keeps changing; try again")
    }

    /// The transcript of a run that was planned before its job was.
    private static func planned(_ job: Job) -> TranscriptID? {
        (try? job.payload.decode(TranscribePayload.self))?.transcriptID
    }

    private static func source(of input: RecordingInput, isUploaded: Bool) throws(StoreError) -> String {
        switch input {
        case .file(let path): return URL(fileURLWithPath: path).standardizedFileURL.path
        case .url(let url): return url.text
        case .standardInput where isUploaded: return RecordingSource.standardInputPath
        case .standardInput:
            throw StoreError(.invalid, "standard input cannot be left to a worker; save it to a file first")
        }
    }
}
