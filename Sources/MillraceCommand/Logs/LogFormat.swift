internal import ArgumentParser

/// The form of what is said on standard error.
enum LogFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    /// Lines for people.
    case text
    /// One JSON object a line, for programs.
    case json
}
