internal import Foundation
internal import Logging
internal import Synchronization

/// What the program says besides its results: everything on standard error, and on a terminal one line that moves.
final class Console: Sendable {
    /// Whether standard error is a terminal that can redraw a line.
    let isTerminal: Bool
    /// Whether colours may be used.
    let hasColour: Bool
    private let isQuiet: Bool
    private let state = Mutex<String?>(nil)

    init(quiet: Bool = false, environment: [String: String] = ProcessInfo.processInfo.environment) {
        isQuiet = quiet
        isTerminal = isatty(STDERR_FILENO) == 1 && environment["TERM"] != "dumb"
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
    func note(_ line: String) {
        if !isQuiet { write(line) }
    }

    /// Says what went wrong, even when quiet.
    func error(_ line: String) {
        write(line, mark: hasColour ? "\u{1B}[31mmillrace:\u{1B}[0m " : "millrace: ")
    }

    /// Says what the log has to say.
    func log(_ line: String) {
        write(line)
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

    private func write(_ line: String, mark: String = "") {
        let line = mark + OneLine.of(line)
        state.withLock { status in
            // The moving line makes room and comes back below.
            put(status.map { "\r\u{1B}[K\(line)\n\($0)" } ?? line + "\n")
        }
    }

    private func put(_ text: String) {
        FileDescriptor.standardError.writeAll(text)
    }
}
