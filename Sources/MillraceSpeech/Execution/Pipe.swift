internal import MillraceCore
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A pipe through which a program hands its samples to this process. What is open of it is closed with this object.
final class Pipe: Sendable {
    private let ends: Mutex<(read: Int32?, write: Int32?)>
    /// For the program.
    let writeEnd: FileDescriptor

    /// Opens a pipe that no program inherits by chance; `name` is the recording's, for messages.
    init(name: String) throws(TranscriptionError) {
        var both: [Int32] = [-1, -1]
        guard pipe(&both) == 0 else {
            throw TranscriptionError(
                .unreadable, "\(name): cannot be decoded: \(String(cString: strerror(errno))); try again",
                isRetryable: true)
        }
        for end in both { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        ends = Mutex((both[0], both[1]))
        writeEnd = FileDescriptor(rawValue: both[1])
    }

    deinit {
        closeReadEnd()
        closeWriteEnd()
    }

    /// Closes the end that is read from; does nothing the second time.
    func closeReadEnd() {
        ends.withLock { ends in
            if let end = ends.read { close(end) }
            ends.read = nil
        }
    }

    /// Closes the end that is written to; does nothing the second time.
    func closeWriteEnd() {
        ends.withLock { ends in
            if let end = ends.write { close(end) }
            ends.write = nil
        }
    }

    /// Reads samples of 16 bits, little-endian, to the end. Blocks the thread.
    func forEachBlock(
        named name: String, _ body: ([Int16]) throws(TranscriptionError) -> Void
    ) throws(TranscriptionError) {
        guard let end = ends.withLock({ $0.read }) else { return }
        var block = [UInt8](repeating: 0, count: 1 << 17)
        var filled = 0
        while true {
            let count = block.withUnsafeMutableBytes {
                Platform.read(end, UnsafeMutableRawBufferPointer(rebasing: $0[filled...]))
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else {
                throw .unreadable(name, "cannot be decoded: \(String(cString: strerror(errno))); try again")
            }
            filled += count
            if filled == block.count || count == 0 {
                let samples = (0..<filled / 2).map {
                    Int16(truncatingIfNeeded: Int(block[2 * $0]) | Int(block[2 * $0 + 1]) << 8)
                }
                if !samples.isEmpty { try body(samples) }
                filled = 0
            }
            if count == 0 { return }
        }
    }
}
