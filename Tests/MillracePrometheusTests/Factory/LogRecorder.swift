import Logging
import Synchronization

/// Keeps what is said at warning and above.
final class LogRecorder: Sendable {
    private let lines = Mutex<[String]>([])

    /// What was said, in order.
    var messages: [String] { lines.withLock { $0 } }

    /// Writes here.
    var logger: Logger { Logger(label: "test") { [self] _ in Handler(log: self) } }

    private struct Handler: LogHandler {
        let log: LogRecorder
        var logLevel = Logger.Level.warning
        var metadata: Logger.Metadata = [:]

        init(log: LogRecorder) {
            self.log = log
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.lines.withLock { $0.append("\(event.message)") }
        }
    }
}
