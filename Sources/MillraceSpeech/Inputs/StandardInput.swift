internal import MillraceCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Takes in what comes by a descriptor, to its end.
enum StandardInput {
    private static let hint = "pipe a recording into it, as in: millrace transcribe - < talk.flac"

    /// Reads a descriptor to its end into a spool file. Blocks the thread, and ends soon after a cancellation.
    ///
    /// Throws `unreadable` for a terminal, a failing read, or no bytes at all.
    static func read(
        _ descriptor: Int32 = STDIN_FILENO, into spool: SpoolFile, _ cancellation: Cancellation
    ) throws(TranscriptionError) {
        let name = RecordingInput.standardInput.name
        guard isatty(descriptor) == 0 else { throw .unreadable(name, "is a terminal; \(hint)") }
        var block = [UInt8](repeating: 0, count: 1 << 18)
        while true {
            try cancellation.check()
            // Whoever writes may take his time; a cancellation must not wait for that.
            var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&state, 1, 100)
            if ready == 0 || (ready < 0 && errno == EINTR) { continue }
            let count = block.withUnsafeMutableBytes { Platform.read(descriptor, $0) }
            if count < 0 && (errno == EINTR || errno == EAGAIN) { continue }
            guard count >= 0 else {
                throw .unreadable(name, "cannot be read: \(String(cString: strerror(errno))); \(hint)")
            }
            guard count > 0 else { break }
            try block.withUnsafeBytes { spool.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }.get()
        }
        guard spool.size > 0 else { throw .unreadable(name, "is empty; \(hint)") }
    }
}
