internal import NIOCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Another descriptor of a connection's socket, by which a caller writes without waiting for the event loop.
///
/// Its own, so that it never leads to another connection: not even when the event loop has closed its one.
final class DirectSocket: Sendable {
    private let descriptor: CInt

    /// `nil` when the process has too many files open.
    init?(of other: CInt) {
        descriptor = fcntl(other, F_DUPFD_CLOEXEC, 0)
        if descriptor < 0 { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Writes what the kernel takes at once.
    ///
    /// - Returns: how many bytes; none too when the connection is gone, which its reader is told.
    func write(_ bytes: ByteBuffer) -> Int {
        bytes.withUnsafeReadableBytes { max(0, send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))) }
    }
}
