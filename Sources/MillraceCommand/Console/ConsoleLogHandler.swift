internal import Logging

/// Writes the log to the console, one line an event.
struct ConsoleLogHandler: LogHandler {
    let console: Console
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    init(console: Console, level: Logger.Level) {
        self.console = console
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let facts = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }
            .map { "\($0.key)=\($0.value)" }
            .joined(separator: " ")
        console.log("millrace: \(event.level): \(event.message)" + (facts.isEmpty ? "" : " (\(facts))"))
    }
}

extension Logger {
    /// A logger that writes to the console as loud as the user asked.
    init(console: Console, options: OutputOptions) {
        let level: Logger.Level = options.verbose ? .debug : options.quiet ? .critical : .warning
        self.init(label: "millrace") { _ in ConsoleLogHandler(console: console, level: level) }
    }
}
