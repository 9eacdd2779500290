internal import ArgumentParser
internal import Foundation
internal import Logging

/// The options that decide how much is said on standard error, and in which form.
struct OutputOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Say nothing but errors.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Say more about what is done.")
    var verbose = false

    @Option(
        help: ArgumentHelp(
            "The least serious events that are logged: trace, debug, info, notice, warning, error or critical.",
            discussion: """
                Without it: debug with --verbose, critical with --quiet, else MILLRACE_LOG_LEVEL, else warning.
                """,
            valueName: "level"))
    var logLevel: LogLevel?

    @Option(
        help: ArgumentHelp(
            "The form of what is said on standard error: text or json.",
            discussion: """
                json is one object a line, with time, level, label, message and metadata; notes, progress and errors \
                come as such lines too. Without it: MILLRACE_LOG_FORMAT, else text.
                """,
            valueName: "format"))
    var logFormat: LogFormat?

    func validate() throws {
        if quiet, verbose { throw ValidationError("--quiet and --verbose exclude each other.") }
        _ = try level()
        _ = try format()
    }

    /// What the program says besides its results.
    func console() throws -> Console {
        Console(quiet: quiet, format: try format())
    }

    /// A logger that writes to the console as loud as the user asked.
    func logger(_ console: Console) throws -> Logger {
        let level = try level()
        return Logger(label: "millrace") { label in ConsoleLogHandler(label: label, console: console, level: level) }
    }

    private func level() throws -> Logger.Level {
        if let logLevel { return logLevel.level }
        if verbose { return .debug }
        if quiet { return .critical }
        return try Self.variable("MILLRACE_LOG_LEVEL", as: LogLevel.self)?.level ?? .warning
    }

    private func format() throws -> LogFormat {
        try logFormat ?? Self.variable("MILLRACE_LOG_FORMAT", as: LogFormat.self) ?? .text
    }

    private static func variable<Value: ExpressibleByArgument>(_ name: String, as type: Value.Type) throws -> Value? {
        guard let text = ProcessInfo.processInfo.environment[name], !text.isEmpty else { return nil }
        guard let value = Value(argument: text) else {
            let choices = Value.allValueStrings.joined(separator: ", ")
            throw ValidationError("The variable \(name) is '\(text)'; it must be one of \(choices).")
        }
        return value
    }
}
