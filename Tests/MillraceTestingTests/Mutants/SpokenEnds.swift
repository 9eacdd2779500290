import MillraceCore
import MillraceTesting
import Synchronization

/// Tells in this process of jobs that have ended, as a mutant has it or as it should be.
final class SpokenEnds: JobEndAnnouncing {
    /// What may be wrong with it.
    enum Habit: Sendable {
        case none
        /// Rings are heard by who waits at that moment only.
        case forgets
        /// A wait goes on when its task is cancelled.
        case ignoresCancellation
        /// A wait that is cancelled says that the job is too.
        case answersCancelled
        /// What was first said of a job's end is said ever after.
        case remembers
        /// Of several who listen for one job only the last is told.
        case tellsOne
        /// Who listens is told of whatever ends.
        case tellsStrangers
        /// Who stops takes the others along.
        case stopsAll
    }

    final class Listener: JobEndListening {
        fileprivate let id: JobID
        private let ends: SpokenEnds
        private let bell = Doorbell()
        private let state = Mutex<(end: JobEnd?, isWaiting: Bool)>((nil, false))

        fileprivate init(_ id: JobID, _ ends: SpokenEnds) {
            self.id = id
            self.ends = ends
        }

        func wait() async -> JobEnd? {
            state.withLock { $0.isWaiting = true }
            if ends.habit == .ignoresCancellation {
                await Task { [bell] in await bell.wait() }.value
            } else {
                await bell.wait()
            }
            let end = state.withLock { state in
                state.isWaiting = false
                return state.end
            }
            guard Task.isCancelled else { return end }
            return ends.habit == .answersCancelled ? .cancelled : nil
        }

        func stop() { ends.remove(self) }

        /// The first word on a job counts.
        fileprivate func ring(_ end: JobEnd) {
            let isHeard = state.withLock { state in
                state.end = state.end ?? end
                return state.isWaiting || ends.habit != .forgets
            }
            if isHeard { bell.ring() }
        }
    }

    private let habit: Habit
    private let listeners = Mutex<[Listener]>([])
    private let firstEnds = Mutex<[JobID: JobEnd]>([:])

    init(_ habit: Habit = .none) {
        self.habit = habit
    }

    func listen(forEndOf id: JobID) async -> any JobEndListening {
        let listener = Listener(id, self)
        listeners.withLock { $0.append(listener) }
        return listener
    }

    private func remove(_ listener: Listener) {
        listeners.withLock { listeners in
            listeners.removeAll { $0 === listener || habit == .stopsAll && $0.id == listener.id }
        }
    }

    func tell(_ id: JobID, _ end: JobEnd) {
        let first = firstEnds.withLock { ends in
            ends[id] = ends[id] ?? end
            return ends[id]
        }
        let end = habit == .remembers ? first ?? end : end
        let all = listeners.withLock { $0 }
        let own = habit == .tellsStrangers ? all : all.filter { $0.id == id }
        for listener in habit == .tellsOne ? own.suffix(1) : own[...] { listener.ring(end) }
    }

    /// Tells of those that have ended by now.
    func tell(_ ids: [JobID], of jobs: any JobQueueRepository) async throws {
        for id in ids {
            if let end = try await jobs.job(id)?.end { tell(id, end) }
        }
    }
}

extension StoreLab {
    /// Has the ends of jobs told of, whatever ends them; a mutant changes that then.
    @discardableResult
    mutating func tellEnds(_ habit: SpokenEnds.Habit = .none) -> SpokenEnds {
        let ends = SpokenEnds(habit)
        jobs.ends = ends
        jobs.onSettle = { base, settlements in
            let lost = try await base.settle(settlements)
            try await ends.tell(settlements.map(\.jobID).filter { !lost.contains($0) }, of: base)
            return lost
        }
        jobs.onMove = { base, id, status in
            try await base.updateJobStatus(id, to: status)
            try await ends.tell([id], of: base)
        }
        jobs.onSave = { base, queue in
            try await base.save(queue)
            try await ends.tell(queue.changes.map(\.jobID), of: base)
        }
        jobs.onRescue = { base, maxCrashes in
            let rescued = try await base.rescue(maxCrashes: maxCrashes)
            try await ends.tell(rescued, of: base)
            return rescued
        }
        return ends
    }
}
