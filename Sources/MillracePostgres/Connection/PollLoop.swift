internal import CLibPQ
internal import DequeModule
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// A thread that waits for the sockets of its sessions, reads what comes, and keeps their times; between two looks it runs
/// the jobs that it is given.
///
/// A session is registered once, for reading, so that a statement costs no call to the kernel beyond sending it and
/// reading its answer. The kernel says only once that something has come (edge-triggered).
final class PollLoop: Sendable {
    private struct Ready {
        let session: Session
        let events: UInt32
    }

    /// `SCHED_BATCH` of the kernel, which the C library hides from Swift.
    private static let batchScheduling: Int32 = 3

    private let poll: Int32
    private let alarm: Int32
    /// Until they are closed or have failed. Not weakly, which would make every use of a session slower.
    private let sessions = Mutex<[UInt64: Session]>([:])
    /// When the sessions' times are looked at next.
    private let wakeAt = Atomic<Int64>(.max)
    private let jobs = Mutex<Deque<UnownedJob>>([])
    /// Whether the thread waits for sockets, or is about to.
    private let isWaiting = Atomic<Bool>(false)
    private let thread = Atomic<UInt>(0)

    /// Fails when the process has no more descriptors.
    init?() {
        poll = epoll_create1(Int32(EPOLL_CLOEXEC))
        alarm = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
        var event = epoll_event(events: EPOLLIN.rawValue, data: epoll_data_t(u64: 0))
        guard poll >= 0, alarm >= 0, epoll_ctl(poll, EPOLL_CTL_ADD, alarm, &event) == 0 else {
            if poll >= 0 { close(poll) }
            if alarm >= 0 { close(alarm) }
            return nil
        }
    }

    /// Begins the thread, which never ends, on behalf of an executor.
    func start(for executor: PollThreads) {
        BlockingThread.start("millrace-poll") { [self] in run(for: executor.asUnownedTaskExecutor()) }
    }

    /// Whether this is called in the loop's own thread.
    var isCurrent: Bool { thread.load(ordering: .relaxed) == UInt(pthread_self()) }

    /// Runs a job soon.
    func run(_ job: UnownedJob) {
        jobs.withLock { $0.append(job) }
        // The thread itself looks before it waits.
        if isWaiting.exchange(false, ordering: .sequentiallyConsistent) { ring() }
    }

    /// Begins to read for a session; `false` when the kernel takes no more.
    func add(_ session: Session) -> Bool {
        sessions.withLock { $0[session.id] = session }
        if control(EPOLL_CTL_ADD, session.id, session.descriptor, writing: false) { return true }
        remove(session.id, nil)
        return false
    }

    /// Says whether a session also waits until it can write.
    func watch(_ id: UInt64, _ descriptor: Int32, writing: Bool) {
        _ = control(EPOLL_CTL_MOD, id, descriptor, writing: writing)
    }

    /// Forgets a session; its socket is `nil` when it was closed.
    func remove(_ id: UInt64, _ descriptor: Int32?) {
        if let descriptor { _ = control(EPOLL_CTL_DEL, id, descriptor, writing: false) }
        sessions.withLock { _ = $0.removeValue(forKey: id) }
    }

    /// The sessions that are open.
    var allSessions: [Session] { sessions.withLock { Array($0.values) } }

    /// How many sessions are open.
    var sessionCount: Int { sessions.withLock { $0.count } }

    /// Makes sure that the sessions' times are looked at by `time`.
    func wake(by time: Int64) {
        var known = wakeAt.load(ordering: .relaxed)
        while time < known {
            let (exchanged, original) = wakeAt.compareExchange(
                expected: known, desired: time, ordering: .sequentiallyConsistent)
            if exchanged {
                return ring()
            }
            known = original
        }
    }

    private func control(_ operation: Int32, _ id: UInt64, _ descriptor: Int32, writing: Bool) -> Bool {
        let events = EPOLLIN.rawValue | EPOLLET.rawValue | (writing ? EPOLLOUT.rawValue : 0)
        var event = epoll_event(events: events, data: epoll_data_t(u64: id))
        return epoll_ctl(poll, operation, descriptor, &event) == 0
    }

    private func run(for executor: UnownedTaskExecutor) {
        thread.store(UInt(pthread_self()), ordering: .relaxed)
        let capacity = 64
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        // This thread takes the processor from nobody when something has come, so that one turn of it serves many.
        var parameters = sched_param()
        _ = sched_setscheduler(0, Self.batchScheduling, &parameters)
        var ready: [Ready] = []
        var actions: [SessionState.Action] = []
        var turn: Deque<UnownedJob> = []
        while true {
            isWaiting.store(true, ordering: .sequentiallyConsistent)
            let hasJobs = jobs.withLock { !$0.isEmpty }
            let count = Int(epoll_wait(poll, events, Int32(capacity), hasJobs ? 0 : patience()))
            isWaiting.store(false, ordering: .sequentiallyConsistent)
            if count > 0 {
                sessions.withLock { sessions in
                    for index in 0..<count {
                        let event = events[index]
                        if let session = sessions[event.data.u64] {
                            ready.append(Ready(session: session, events: event.events))
                        }
                        if event.data.u64 == 0 { drainAlarm() }
                    }
                }
                // All are read before anybody is told: who is told may be given this thread's processor.
                for item in ready {
                    actions.append(item.session.read(forWriting: item.events & EPOLLOUT.rawValue != 0))
                }
                for (item, action) in zip(ready, actions) { item.session.carryOut(action) }
                ready.removeAll(keepingCapacity: true)
                actions.removeAll(keepingCapacity: true)
            }
            runJobs(&turn, for: executor)
            lookAtTimes()
        }
    }

    /// Runs what was there when the turn began; what comes of that waits until the sockets were looked at. `turn` is empty
    /// before and after: it lends its room.
    private func runJobs(_ turn: inout Deque<UnownedJob>, for executor: UnownedTaskExecutor) {
        jobs.withLock { swap(&$0, &turn) }
        for job in turn { job.runSynchronously(on: executor) }
        turn.removeAll(keepingCapacity: true)
    }

    /// Milliseconds until the sessions' times are to be looked at.
    private func patience() -> Int32 {
        let time = wakeAt.load(ordering: .sequentiallyConsistent)
        if time == .max { return -1 }
        let rest = time - Nanoseconds.now
        return rest <= 0 ? 0 : Int32(min(rest / 1_000_000 + 1, 60_000))
    }

    private func lookAtTimes() {
        let time = wakeAt.load(ordering: .sequentiallyConsistent)
        guard time != .max else { return }
        let now = Nanoseconds.now
        guard now >= time else { return }
        // What begins from here on wakes the loop itself.
        wakeAt.store(.max, ordering: .sequentiallyConsistent)
        let next = allSessions.reduce(Int64.max) { min($0, $1.timeHasCome(now)) }
        if next != .max { wake(by: next) }
    }

    private func ring() {
        var one: UInt64 = 1
        _ = write(alarm, &one, 8)
    }

    private func drainAlarm() {
        var number: UInt64 = 0
        _ = read(alarm, &number, 8)
    }
}
