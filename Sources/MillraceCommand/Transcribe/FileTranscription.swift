internal import Foundation
internal import Millrace

/// One recording of `millrace transcribe`, from where it is to its transcript.
struct FileTranscription: Sendable {
    let recording: NamedInput
    let millrace: Millrace
    let transcriber: any Transcriber
    let options: TranscriptionOptions
    let format: TranscriptFormat
    let destination: TranscriptOutput
    let console: Console

    private var name: String { recording.input.name }

    /// Transcribes the recording and writes the transcript; every failure is said on the console.
    ///
    /// Throws `engineUnavailable`, unsaid, when no other recording would fare better.
    func run(stop: StopSignal) async throws(TranscriptionError) -> ProgramExit {
        do {
            console.status("\(name): reading")
            let start = ContinuousClock.now
            guard let run = try await prepare(unless: stop) else { return .interrupted }
            let reporter = ProgressReporter(name: name, console: console)
            let transcript = try await run.finish(stop: stop) { reporter.show($0) }
            reporter.finish()
            guard let transcript else { return .interrupted }
            return try await finish(run, transcript, elapsed: start.duration(to: .now))
        } catch {
            console.status(nil)
            if let error = error as? TranscriptionError, error.code == .engineUnavailable { throw error }
            console.error("\(error)")
            return .failed
        }
    }

    /// Reads the recording and stores the plan, which takes a while for a long recording; `nil` when stopped.
    private func prepare(unless stop: StopSignal) async throws -> TranscriptionRun? {
        try await unless(stop) {
            try await millrace.prepare(recording.input, with: transcriber, options: options)
        }
    }

    private func finish(
        _ run: TranscriptionRun, _ transcript: Transcript, elapsed: Duration
    ) async throws -> ProgramExit {
        for chunk in try await run.failedChunks() {
            let from = String(format: "%.1f", chunk.range.startSeconds)
            let to = String(format: "%.1f", chunk.range.endSeconds)
            console.error(
                "\(name): chunk \(chunk.index) (\(from) s to \(to) s) failed: \(chunk.errorMessage ?? "no reason known")"
            )
        }
        switch transcript.status {
        case .completed, .partial:
            try destination.write(format.render(transcript), for: recording, format: format)
            console.note(summary(run, transcript, elapsed: elapsed))
            guard transcript.status == .partial else { return .done }
            console.error("\(name): the transcript has gaps; mend the cause and run the same command again")
            return .partial
        case .cancelled:
            console.error("\(name): the run was cancelled")
            return .failed
        case .failed, .processing:
            console.error("\(name): there is no transcript; mend the cause and run the same command again")
            return .failed
        }
    }

    private func summary(_ run: TranscriptionRun, _ transcript: Transcript, elapsed: Duration) -> String {
        let chunks = transcript.chunks
        let cached = chunks.cached > 0 ? ", \(chunks.cached) of them cached" : ""
        let seconds = run.processor.tasks.reduce(0) { $0 + $1.range.endSeconds - $1.range.startSeconds }
        let times = String(format: "%.1f s of sound in %.1f s", seconds, elapsed.inSeconds)
        return "\(name): \(chunks.completed) of \(chunks.total) chunks\(cached), \(times)"
    }
}
