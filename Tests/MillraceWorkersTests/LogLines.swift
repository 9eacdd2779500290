import Logging
import Synchronization

/// Keeps what a worker says at warning and above.
final class LogLines: Sendable {
    private let lines = Mutex<[(message: String, error: String?)]>([])

    /// What was said, in order.
    var warnings: [String] { lines.withLock { $0.map(\.message) } }
    /// The errors that came with it.
    var errors: [String] { lines.withLock { $0.compactMap(\.error) } }

    /// Writes here.
    var logger: Logger { Logger(label: "worker") { [self] _ in Handler(lines: self) } }

    private struct Handler: LogHandler {
        let lines: LogLines
        var logLevel = Logger.Level.warning
        var metadata: Logger.Metadata = [:]

        init(lines: LogLines) {
            self.lines = lines
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = ("\(event.message)", event.metadata?["error"].map { "\($0)" })
            lines.lines.withLock { $0.append(line) }
        }
    }
}
