internal import Foundation
internal import Millrace
internal import Synchronization

/// Shows the progress of one run: a bar on a terminal, a plain line now and then in a pipe.
final class ProgressReporter: Sendable {
    /// In a pipe, no two lines come closer than this, in seconds.
    private static let plainInterval = 5.0

    private struct State {
        var completedBefore: Int?
        var lastPlain = -Double.infinity
    }

    private let name: String
    private let console: Console
    private let start = ContinuousClock.now
    private let state = Mutex(State())

    init(name: String, console: Console) {
        self.name = name
        self.console = console
    }

    func show(_ progress: TranscriptionProgress) {
        let elapsed = start.duration(to: .now).inSeconds
        let (before, isPlainDue) = state.withLock { state in
            let before = state.completedBefore ?? (progress.completed + progress.failed)
            state.completedBefore = before
            let isDue = elapsed - state.lastPlain >= Self.plainInterval
            if isDue { state.lastPlain = elapsed }
            return (before, isDue)
        }
        let line = ProgressLine(name: name, progress: progress, elapsed: elapsed, completedBefore: before)
        if console.isTerminal {
            console.status(line.bar(width: console.width))
        } else if isPlainDue, !progress.status.isFinal {
            console.note(line.plain, facts: line.counts)
        }
    }

    func finish() {
        console.status(nil)
    }
}
