internal import Foundation

/// An open file, written to without a buffer of our own.
struct FileDescriptor {
    static let standardOutput = FileDescriptor(number: STDOUT_FILENO)
    static let standardError = FileDescriptor(number: STDERR_FILENO)

    let number: Int32

    /// The width in columns of the terminal that it is; `nil` for a file or a pipe.
    var terminalWidth: Int? {
        var size = winsize()
        guard isatty(number) == 1, ioctl(number, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
        return Int(size.ws_col)
    }

    /// Opens `/dev/null` under the numbers of standard streams that were closed (`millrace … >&-`).
    ///
    /// Else the store or a recording would get such a number, and be taken for standard output. What is opened can
    /// only be read, so that writing there fails.
    static func keepStandardNumbers() {
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO] where fcntl(number, F_GETFD) < 0 {
            // The lowest free number is given, and those below are open.
            _ = open("/dev/null", O_RDONLY)
        }
    }

    /// Writes everything.
    ///
    /// - Returns: whether it could be written; a reader that went away is one reason why not.
    @discardableResult
    func writeAll(_ text: String) -> Bool {
        writeAll(Data(text.utf8))
    }

    /// Writes all bytes.
    ///
    /// - Returns: as for a text.
    @discardableResult
    func writeAll(_ bytes: Data) -> Bool {
        var bytes = bytes
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { write(number, $0.baseAddress, $0.count) }
            if written < 0 {
                guard errno == EINTR else { return false }
                continue
            }
            bytes = bytes.dropFirst(written)
        }
        return true
    }
}
