internal import Foundation
internal import MillraceCore

/// From where claims of one scope read, group by group.
///
/// Jobs that were claimed leave dead entries at the front of the index, and while any transaction holds an old snapshot
/// open nothing clears them away: a claim that began at the front would pass over all of them each time. So a claim goes
/// on behind the last job that was claimed. What lies behind that all the same (jobs queued again, jobs whose
/// transaction took long to commit) is found by looking back: a little way when the queue seems empty, and to the floor
/// that one process writes for all about twice a second.
struct JobCursors: Sendable {
    /// A place in the order of a group; a claim reads what lies behind it.
    struct Position: Hashable, Comparable, Sendable {
        static let first = Position(time: Timestamp(microseconds: .min), id: lowestID)
        private static let lowestID = UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0))

        let time: Timestamp
        let id: UUID

        init(time: Timestamp, id: UUID) {
            self.time = time
            self.id = id
        }

        /// Before everything made at a time.
        init(before time: Timestamp) {
            self.init(time: time, id: Self.lowestID)
        }

        static func < (left: Position, right: Position) -> Bool {
            left.time != right.time ? left.time < right.time : JobID(left.id) < JobID(right.id)
        }
    }

    /// What one claim reads.
    struct Look: Sendable {
        var positions: [Position]
        /// From the floors, not from the positions.
        var isFromFloor: Bool
        /// Whether jobs are looked for that wait for their time.
        var includesDue: Bool
        fileprivate var isWide: Bool
        fileprivate var isFromStart: Bool
        fileprivate var generation: Int

        /// Whether it reads what lies behind the last job that was claimed.
        var looksBack: Bool { isFromFloor || isWide || isFromStart }
    }

    private struct Trail {
        var present = Position.first
        /// Where the group stood one to two ``JobCursors/trailAge`` ago.
        var former = Position.first
        fileprivate var next = Position.first
    }

    /// Who commits later than this after its jobs were made is found from the floor.
    private static let trailAge = Duration.seconds(1)
    /// What costs less is done each time; a dear look back rests for as long as it took.
    private static let cheap = Duration.milliseconds(20)

    let groups: [JobGroup]
    private let places: [JobGroup: Int]
    private var trails: [Trail]
    private var trailedAt: Duration
    private var floorPace = Pace(interval: .milliseconds(500), share: 20)
    private var duePace: Pace
    private var widePace = Pace(interval: .zero, share: 1)
    private var wideCost = Duration.zero
    private var startPace = Pace(interval: .zero, share: 20)
    private var isStartWanted = false
    private var wasShort = true
    /// Grows when a position was lowered: what a claim that had begun before has found says nothing about that.
    private var generation = 0

    init(_ scope: JobScope, at now: Duration, lookingForDue interval: Duration = .milliseconds(500)) {
        duePace = Pace(interval: interval, share: 20)
        groups = JobGroup.all(in: scope)
        places = Dictionary(groups.enumerated().map { ($1, $0) }, uniquingKeysWith: { $1 })
        trails = Array(repeating: Trail(), count: groups.count)
        trailedAt = now
    }

    mutating func begin(at now: Duration) -> Look {
        if now - trailedAt >= Self.trailAge {
            for index in trails.indices {
                trails[index].former = trails[index].next
                trails[index].next = trails[index].present
            }
            trailedAt = now
        }
        let isFromStart = isStartWanted && startPace.isDue(at: now)
        if isFromStart { isStartWanted = false }
        let isFromFloor = !isFromStart && floorPace.isDue(at: now)
        // One claim goes there, and not all that begin before it is back.
        if isFromFloor { floorPace.note(from: now, to: now) }
        let isWide =
            !isFromStart && !isFromFloor && wasShort && (wideCost < Self.cheap || widePace.isDue(at: now))
        return Look(
            positions: trails.map { isFromStart ? .first : isWide ? $0.former : $0.present }, isFromFloor: isFromFloor,
            includesDue: duePace.isDue(at: now), isWide: isWide, isFromStart: isFromStart, generation: generation)
    }

    /// Notes what a claim has found: how far it got in which groups, by their places among ``groups``, how many of its jobs
    /// were due, and whether it got all it wanted.
    mutating func end(
        _ look: Look, reached: [Int: Position], due: Int, isFull: Bool, from start: Duration, to end: Duration
    ) {
        if look.isFromFloor { floorPace.note(from: start, to: end) }
        if look.isFromStart { startPace.note(from: start, to: end) }
        if look.isWide {
            widePace.note(from: start, to: end)
            wideCost = end - start
        }
        // There are likely more due when some were.
        if look.includesDue, due == 0 { duePace.note(from: start, to: end) }
        wasShort = !isFull
        guard look.generation == generation else { return }
        for (place, position) in reached {
            // One that looked back may have found the first of many that had been passed over: all go on from there.
            trails[place].present =
                look.looksBack ? position : max(trails[place].present, position)
        }
    }

    /// Lets a claim soon read from the very start: jobs were queued again, it is not known which.
    mutating func lookFromStart() {
        isStartWanted = true
    }

    /// Lets the next claim find jobs that were queued again.
    mutating func lower(_ jobs: [RequeuedJob]) {
        for job in jobs {
            guard let place = places[job.group] else { continue }
            let position = Position(before: job.createdAt)
            guard position < trails[place].present else { continue }
            generation += 1
            trails[place].present = position
            trails[place].next = min(trails[place].next, position)
            trails[place].former = min(trails[place].former, position)
        }
    }
}
