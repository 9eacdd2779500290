internal import Dispatch
internal import MillraceCore

/// Calls back after a time, on a thread of its own: a pool has no task of its own that could sleep.
struct PoolAlarm: Sendable {
    /// Calls a function once, after a time.
    let set: @Sendable (_ delay: Duration, _ ring: @escaping @Sendable () -> Void) -> Void

    /// Rings by the system's clock.
    static func system() -> PoolAlarm {
        let queue = DispatchQueue(label: "millrace.postgres.pool")
        return PoolAlarm { delay, ring in
            let milliseconds = Int(max(0, delay.wholeMicroseconds) / 1_000 + 1)
            queue.asyncAfter(deadline: .now() + .milliseconds(milliseconds), execute: ring)
        }
    }
}
