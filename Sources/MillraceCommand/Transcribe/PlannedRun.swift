internal import Foundation
internal import Logging
internal import Millrace

/// `millrace transcribe --dry-run`: says what would be done, and stores nothing.
struct PlannedRun: Sendable {
    let store: StoreLocation
    let transcriber: any Transcriber
    let options: TranscriptionOptions
    let format: TranscriptFormat
    let console: Console
    let logger: Logger

    /// Prints the plans of recordings on standard output; every failure is said on the console.
    func run(_ recordings: [NamedInput]) async -> ProgramExit {
        var end = ProgramExit.done
        for recording in recordings where !Task.isCancelled {
            do {
                console.status("\(recording.input.name): reading")
                let plan = try await Millrace.plan(
                    recording.input, with: transcriber, options: options, store: store, logger: logger)
                console.status(nil)
                let text = format == .json ? try json(plan) : text(plan)
                guard FileDescriptor.standardOutput.writeAll(text) else {
                    throw TranscriptOutput.Refusal(description: "standard output cannot be written")
                }
            } catch {
                console.status(nil)
                console.error("\(error)")
                end = .failed
            }
        }
        return end
    }

    private func text(_ plan: TranscriptionPlan) -> String {
        let facts = [
            "\(plan.chunks.count) chunks", "\(plan.count(.cache)) cached",
            plan.count(.earlier) > 0 ? "\(plan.count(.earlier)) done before" : nil,
            plan.count(.silence) > 0 ? "\(plan.count(.silence)) silent" : nil,
            String(format: "%.1f s to send", plan.secondsToSend),
        ].compactMap { $0 }
        let lines = plan.chunks.enumerated().map { index, chunk in
            let origin =
                switch chunk.origin {
                case .engine: "to send"
                case .cache: "cached"
                case .earlier: "done before"
                case .silence: "silent"
                }
            return "  \(index)  \(clock(chunk.range.startSeconds)) to \(clock(chunk.range.endSeconds))  \(origin)"
        }
        return OneLine.of("\(plan.source.shownPath): " + facts.joined(separator: ", ")) + "\n"
            + lines.map { $0 + "\n" }.joined()
    }

    private func clock(_ seconds: Double) -> String {
        let milliseconds = Int((seconds * 1_000).rounded())
        return String(
            format: "%02d:%02d:%02d.%03d", milliseconds / 3_600_000, milliseconds / 60_000 % 60,
            milliseconds / 1_000 % 60, milliseconds % 1_000)
    }

    private struct Line: Encodable {
        struct Piece: Encodable {
            let index: Int
            let start: Double
            let end: Double
            let origin: String
        }

        let source: String
        let duration: Double
        let cached: Int
        let secondsToSend: Double
        let chunks: [Piece]
    }

    private func json(_ plan: TranscriptionPlan) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let pieces = plan.chunks.enumerated().map { index, chunk in
            Line.Piece(
                index: index, start: chunk.range.startSeconds, end: chunk.range.endSeconds,
                origin: chunk.origin.rawValue)
        }
        let line = Line(
            source: plan.source.shownPath, duration: plan.source.durationSeconds, cached: plan.count(.cache),
            secondsToSend: plan.secondsToSend, chunks: pieces)
        return String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
    }
}
