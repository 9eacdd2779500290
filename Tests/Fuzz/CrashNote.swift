internal import Foundation

/// Says which case was running when the process is ended by a trap, or when a case does not end.
///
/// A handler of signals may do next to nothing, so what it writes is laid out before each case.
struct CrashNote {
    /// No case takes so long, in seconds.
    private static let longestCase: UInt32 = 60
    private static let capacity = 512

    // Written before a case, read by the handler on whatever thread it runs.
    nonisolated(unsafe) private static let text = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
    nonisolated(unsafe) private static var length = 0

    private let name: String

    init(name: String) {
        self.name = name
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
            signal(number) { _ in
                _ = write(STDOUT_FILENO, CrashNote.text, CrashNote.length)
                _exit(1)
            }
        }
    }

    func begin(_ seed: UInt64) {
        let note = """

            fuzz \(name): the case of seed \(seed) crashed or did not end
            repeat: script/fuzz \(name) --seed \(seed) --count 1

            """
        for byte in note.utf8.prefix(Self.capacity).enumerated() { Self.text[byte.offset] = byte.element }
        Self.length = min(note.utf8.count, Self.capacity)
        alarm(Self.longestCase)
    }

    func end() {
        alarm(0)
    }
}
