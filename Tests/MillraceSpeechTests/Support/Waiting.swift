import Foundation
import Testing

/// Waits until something is so, for a time that only a hang can take.
func eventually(_ isSo: () -> Bool, sourceLocation: SourceLocation = #_sourceLocation) async {
    let end = ContinuousClock.now + .seconds(240)
    while !isSo() {
        guard ContinuousClock.now < end else {
            Issue.record("did not happen in time", sourceLocation: sourceLocation)
            return
        }
        try? await Task.sleep(for: .milliseconds(10))
    }
}

/// Whether the process whose number is in a file has ended.
func isGone(pidFile: String) throws -> Bool {
    let text = try String(contentsOfFile: pidFile, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
    let pid = try #require(Int32(text))
    // One that nobody has waited for yet is gone too.
    let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
    return kill(pid, 0) != 0 || status?.split(separator: ")").last?.hasPrefix(" Z") == true
}
