#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

enum Socket {
    /// Whether there is something to be read, or the other side has ended; never waits.
    static func hasInput(_ descriptor: Int32) -> Bool {
        var byte: UInt8 = 0
        let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK | MSG_DONTWAIT))
        return count >= 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
    }

    /// How many bytes that were written the other side has not taken yet; `nil` when the kernel does not say.
    static func unsentBytes(_ descriptor: Int32) -> Int32? {
        var count: Int32 = 0
        // SIOCOUTQ, by its other name.
        return ioctl(descriptor, numericCast(TIOCOUTQ), &count) == 0 ? count : nil
    }
}
