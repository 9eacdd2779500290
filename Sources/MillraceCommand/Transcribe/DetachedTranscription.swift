internal import Millrace

/// `millrace transcribe --detach`: leaves the work to workers.
struct DetachedTranscription: Sendable {
    let recordings: [RecordingInput]
    let millrace: Millrace
    let engine: EngineIdentity
    let options: TranscriptionOptions
    let console: Console

    /// Enqueues a job for each recording, or none when one of them cannot be read; prints the ids, one a line.
    func run() async -> ProgramExit {
        do {
            guard await areReadable() else { return .failed }
            let ids = try await millrace.enqueue(recordings, engine: engine, options: options)
            guard FileDescriptor.standardOutput.writeAll(ids.map { "\($0)\n" }.joined()) else {
                console.error("standard output cannot be written; the jobs are queued, see millrace jobs list")
                return .failed
            }
            if try await millrace.jobs.workers().isEmpty {
                console.note("No worker runs on this store; start one with the same engine: millrace worker")
            }
            return .done
        } catch {
            console.error("\(error)")
            return .failed
        }
    }

    /// Looks at the beginning of each recording, and says of all that cannot be read why.
    private func areReadable() async -> Bool {
        var areReadable = true
        for recording in recordings {
            do throws(TranscriptionError) {
                try await millrace.check(recording)
            } catch {
                console.error("\(error)")
                areReadable = false
            }
        }
        return areReadable
    }
}
