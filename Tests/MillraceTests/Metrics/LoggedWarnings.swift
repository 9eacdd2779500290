import Logging
import Synchronization

/// Gathers what is logged at warning and above, each with its error.
final class LoggedWarnings: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    var logger: Logger { Logger(label: "measured") { [self] _ in Handler(warnings: self) } }

    private struct Handler: LogHandler {
        let warnings: LoggedWarnings
        var logLevel = Logger.Level.warning
        var metadata: Logger.Metadata = [:]

        init(warnings: LoggedWarnings) {
            self.warnings = warnings
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = "\(event.message): \(event.metadata?["error"].map { "\($0)" } ?? "")"
            warnings.lines.withLock { $0.append(line) }
        }
    }
}
