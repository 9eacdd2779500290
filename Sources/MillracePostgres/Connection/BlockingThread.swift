internal import Foundation

/// Threads for the calls of libpq that block: connecting (it looks up names) and cancelling.
///
/// One for each call, so that a server which does not answer holds up nobody else; each call has an end in time.
enum BlockingThread {
    static func start(_ name: String, _ work: @escaping @Sendable () -> Void) {
        let thread = Thread(block: work)
        thread.name = name
        thread.stackSize = 1 << 19
        thread.start()
    }
}
