internal import Foundation
internal import MillraceCore
internal import Synchronization

/// How long a connection waits for another process that has locked the store; says so when that takes long.
final class BusyPatience: Sendable {
    /// SQLite's own delays, in milliseconds; the last one is repeated.
    private static let delays = [1, 2, 5, 10, 15, 20, 25, 25, 25, 50, 50, 100]
    /// Writers of our own are done sooner, in milliseconds.
    private static let unusual = 1_000

    private let timeout: Int
    private let onWait: (@Sendable () -> Void)?
    private let hasSaid = Mutex(false)

    init(timeout: Duration, onWait: (@Sendable () -> Void)?) {
        self.timeout = Int(timeout.wholeMicroseconds / 1_000)
        self.onWait = onWait
    }

    /// Waits a little; called by SQLite on the connection's own thread.
    ///
    /// - Returns: `false` once the whole time has been waited.
    func wait(tries: Int) -> Bool {
        let waited = Self.delay(before: tries)
        guard waited < timeout else { return false }
        if waited >= Self.unusual, shouldSay() { onWait?() }
        usleep(UInt32(min(Self.delay(of: tries), timeout - waited)) * 1_000)
        return true
    }

    /// A later wait is told of again.
    func succeeded() {
        hasSaid.withLock { $0 = false }
    }

    private func shouldSay() -> Bool {
        hasSaid.withLock { hasSaid in
            defer { hasSaid = true }
            return !hasSaid
        }
    }

    private static func delay(of tries: Int) -> Int {
        delays[min(tries, delays.count - 1)]
    }

    private static func delay(before tries: Int) -> Int {
        delays.prefix(tries).reduce(0, +) + max(0, tries - delays.count) * delays[delays.count - 1]
    }
}
