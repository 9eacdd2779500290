internal import Dispatch
internal import MillraceCore
internal import Synchronization

/// Calls back after a time, on a thread of its own: a pool has no task that could sleep.
struct PoolAlarm: Sendable {
    /// Calls a function once, after a time, in the place of the one that it was set to before.
    let set: @Sendable (_ delay: Duration, _ ring: @escaping @Sendable () -> Void) -> Void

    /// Rings by the system's clock.
    static func system() -> PoolAlarm {
        let timer = Timer()
        return PoolAlarm { delay, ring in timer.set(delay, ring) }
    }

    private final class Timer: Sendable {
        private let source: Mutex<any DispatchSourceTimer>

        init() {
            let source = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "millrace.postgres.pool"))
            source.activate()
            self.source = Mutex(source)
        }

        deinit {
            source.withLock { $0.cancel() }
        }

        func set(_ delay: Duration, _ ring: @escaping @Sendable () -> Void) {
            let milliseconds = Int(clamping: max(0, delay.wholeMicroseconds) / 1_000 + 1)
            source.withLock { source in
                source.setEventHandler(handler: ring)
                source.schedule(deadline: .now() + .milliseconds(milliseconds))
            }
        }
    }
}
