internal import Foundation
internal import Logging
internal import Millrace

/// One line that shows how far a run is: chunks done, cached and failed, rate, time to go.
struct ProgressLine: Sendable {
    let name: String
    let progress: TranscriptionProgress
    /// Seconds since this process began to work on the run.
    let elapsed: Double
    /// Chunks that were done before.
    let completedBefore: Int

    /// For a terminal of a given width: a bar, and what fits beside it.
    func bar(width: Int) -> String {
        let facts = self.facts
        let room = width - facts.count - 4
        guard room >= 5 else { return String(facts.prefix(max(0, width - 1))) }
        let cells = min(room, 30)
        let filled = progress.total > 0 ? cells * done / progress.total : 0
        return "[" + String(repeating: "#", count: filled) + String(repeating: "-", count: cells - filled) + "] "
            + facts
    }

    /// For a pipe or a log.
    var plain: String { "\(name): \(facts)" }

    /// For programs.
    var counts: Logger.Metadata {
        [
            "file": "\(name)", "chunks": "\(progress.total)", "chunks-completed": "\(progress.completed)",
            "chunks-failed": "\(progress.failed)", "chunks-cached": "\(progress.cached)",
        ]
    }

    private var done: Int { progress.completed + progress.failed }

    private var facts: String {
        var facts = ["\(done)/\(progress.total) chunks"]
        if progress.cached > 0 { facts.append("\(progress.cached) cached") }
        if progress.failed > 0 { facts.append("\(progress.failed) failed") }
        if progress.status == .merging { facts.append("merging") }
        let now = done - completedBefore
        if now > 0, elapsed >= 0.5, done < progress.total {
            let rate = Double(now) / elapsed
            facts.append(String(format: rate >= 10 ? "%.0f/s" : "%.2f/s", rate))
            facts.append("ETA " + Self.clock(Double(progress.total - done) / rate))
        }
        return facts.joined(separator: ", ")
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(min(seconds.rounded(.up), 359_999))
        return whole >= 3_600
            ? String(format: "%d:%02d:%02d", whole / 3_600, whole / 60 % 60, whole % 60)
            : String(format: "%d:%02d", whole / 60, whole % 60)
    }
}
