internal import Foundation

/// A file to which bytes are appended, each time until they are on the disk: no length, no checksum, no cursor.
public final class BareLog {
    private let descriptor: Int32

    /// Makes a new file.
    public init(path: String) throws(LimitFailure) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw LimitFailure("\(path): \(String(cString: strerror(errno)))") }
    }

    deinit {
        close(descriptor)
    }

    /// Appends bytes; on return they survive a loss of power.
    public func append(_ bytes: [UInt8]) throws(LimitFailure) {
        let isWritten = bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
        guard isWritten, fdatasync(descriptor) == 0 else {
            throw LimitFailure("the log cannot be written: \(String(cString: strerror(errno)))")
        }
    }
}
