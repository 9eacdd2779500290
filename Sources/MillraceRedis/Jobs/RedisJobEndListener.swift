internal import MillraceCore
internal import Synchronization

/// One who waits for a job.
final class RedisJobEndListener: JobEndListening {
    private let id: JobID
    private let number: UInt64
    private let ends: RedisJobEnds
    private let bell = Doorbell()
    private let reminded: Mutex<ContinuousClock.Instant>

    init(_ id: JobID, number: UInt64, ends: RedisJobEnds) {
        self.id = id
        self.number = number
        self.ends = ends
        reminded = Mutex(.now)
    }

    func wait() async -> JobEnd? {
        let isReminderDue = reminded.withLock { last in
            guard last + RedisJobEnds.reminderInterval < .now else { return false }
            last = .now
            return true
        }
        if isReminderDue { await ends.remind(of: id) }
        await bell.wait()
        return Task.isCancelled ? nil : await ends.end(of: id)
    }

    func stop() {
        ends.remove(id, number: number)
    }

    /// Says that the job may have ended.
    func ring() {
        bell.ring()
    }
}
