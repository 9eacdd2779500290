internal import Foundation
internal import Logging
internal import Synchronization

/// What the program says besides its results: everything on standard error, and on a terminal one line that moves.
///
/// With ``LogFormat/json`` every line is an event of the log, and none moves.
final class Console: Sendable {
    /// Whether a line can be redrawn: standard error is a terminal, and for people.
    let isTerminal: Bool
    /// Whether colours may be used.
    let hasColour: Bool
    private let isQuiet: Bool
    private let format: LogFormat
    private let state = Mutex<String?>(nil)

    init(
        quiet: Bool = false, format: LogFormat = .text,
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        isQuiet = quiet
        self.format = format
        isTerminal = format == .text && isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
        // https://no-color.org: any value that is not empty.
        hasColour = isTerminal && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// The width of the terminal in columns.
    var width: Int {
        var size = winsize()
        guard ioctl(STDERR_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Says something that is of use but no result; nothing when quiet.
    ///
    /// In JSON `facts` come with it.
    func note(_ line: String, facts: Logger.Metadata = [:]) {
        guard !isQuiet else { return }
        switch format {
        case .text: write(OneLine.of(line))
        case .json: log(LogLine(level: .info, label: Self.label, message: line, metadata: facts))
        }
    }

    /// Says what went wrong, even when quiet.
    func error(_ line: String) {
        switch format {
        case .text: write((hasColour ? "\u{1B}[31mmillrace:\u{1B}[0m " : "millrace: ") + OneLine.of(line))
        case .json: log(LogLine(level: .error, label: Self.label, message: line, metadata: [:]))
        }
    }

    /// Says what the log has to say.
    func log(_ line: LogLine) {
        switch format {
        case .text: write(line.text)
        case .json: write(line.json(at: Date()))
        }
    }

    /// Draws the moving line, or takes it away; only on a terminal and not when quiet.
    func status(_ line: String?) {
        guard isTerminal, !isQuiet else { return }
        state.withLock { status in
            guard status != line else { return }
            status = line
            put("\r\u{1B}[K" + (line.map(OneLine.of) ?? ""))
        }
    }

    private static let label = "millrace"

    /// Writes a line that holds no control characters but its own.
    private func write(_ line: String) {
        state.withLock { status in
            // The moving line makes room and comes back below.
            put(status.map { "\r\u{1B}[K\(line)\n\($0)" } ?? line + "\n")
        }
    }

    private func put(_ text: String) {
        FileDescriptor.standardError.writeAll(text)
    }
}
