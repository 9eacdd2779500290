import Logging
import Synchronization

/// The statements that a pool with `echo` logs.
final class StatementLog: Sendable {
    private struct Contents {
        var texts: [String] = []
        var durations: [Int] = []
        var everything: [String] = []
    }

    private let contents = Mutex(Contents())

    /// Takes statements in.
    var logger: Logger {
        var logger = Logger(label: "statements") { _ in Handler(log: self) }
        logger.logLevel = .debug
        return logger
    }

    /// All so far, in the order in which they ended.
    var all: [String] { contents.withLock { $0.texts } }
    /// How long each took, in microseconds.
    var durations: [Int] { contents.withLock { $0.durations } }
    /// Every word that was logged.
    var everything: [String] { contents.withLock { $0.everything } }

    /// How many of them read or write rows; those around a transaction do not count, nor what is said of new jobs, since
    /// nobody waits for that.
    var rowStatementCount: Int {
        let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "COPY"]
        return all.count { text in
            if text.hasPrefix("SELECT set_config('synchronous_commit'") { return false }
            let first = text.split(separator: "\n").first { !$0.hasPrefix("--") } ?? ""
            return verbs.contains { first.hasPrefix($0) }
        }
    }

    private struct Handler: LogHandler {
        let log: StatementLog
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.debug

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            log.contents.withLock { contents in
                contents.everything.append("\(event.message) \(event.metadata ?? [:])")
                guard event.level == .debug, let sql = event.metadata?["sql"] else { return }
                contents.texts.append("\(sql)")
                if let time = event.metadata?["microseconds"], let time = Int("\(time)") {
                    contents.durations.append(time)
                }
            }
        }
    }
}
