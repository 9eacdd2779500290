internal import Logging

/// Writes the log to the console, one line an event.
struct ConsoleLogHandler: LogHandler {
    let label: String
    let console: Console
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?

    init(label: String, console: Console, level: Logger.Level) {
        self.label = label
        self.console = console
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        console.log(line(for: event))
    }

    /// The event with all that is known of it; what is said nearer to it goes over the rest.
    func line(for event: LogEvent) -> LogLine {
        var facts = metadataProvider?.get() ?? [:]
        facts.merge(metadata) { $1 }
        if let error = event.error { facts["error"] = "\(error)" }
        facts.merge(event.metadata ?? [:]) { $1 }
        return LogLine(level: event.level, label: label, message: "\(event.message)", metadata: facts)
    }
}
