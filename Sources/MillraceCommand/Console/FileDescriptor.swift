internal import Foundation

/// An open file, written to without a buffer of our own.
struct FileDescriptor {
    static let standardOutput = FileDescriptor(number: STDOUT_FILENO)
    static let standardError = FileDescriptor(number: STDERR_FILENO)

    let number: Int32

    /// Writes everything.
    ///
    /// - Returns: whether it could be written; a reader that went away is one reason why not.
    @discardableResult
    func writeAll(_ text: String) -> Bool {
        var bytes = Array(text.utf8)[...]
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
