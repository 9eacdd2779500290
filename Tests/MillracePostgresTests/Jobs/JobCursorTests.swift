import Foundation
import MillraceCore
import Testing

@testable import MillracePostgres

/// From where claims read.
@Suite("The cursors of claims") struct JobCursorTests {
    private static let scope = JobScope(types: [JobType(known: "work")])

    private var cursors = JobCursors(scope, at: .zero)
    private var now = Duration.zero

    private func job(_ time: Int64, _ priority: JobPriority = .medium) -> Job {
        let time = Timestamp(microseconds: time)
        return Job(JobRequest(JobType(known: "work"), priority: priority), id: .make(at: time), at: time)
    }

    private func medium(_ look: JobCursors.Look) -> JobCursors.Position { look.positions[1] }

    private mutating func claim(_ jobs: [Job], isFull: Bool = true, taking time: Duration = .zero) -> JobCursors.Look {
        let look = cursors.begin(at: now)
        cursors.end(look, reached: reached(jobs), due: 0, isFull: isFull, from: now, to: now + time)
        now += time
        return look
    }

    private func reached(_ jobs: [Job]) -> [Int: JobCursors.Position] {
        Dictionary(
            jobs.compactMap { job in
                cursors.groups.firstIndex(of: JobGroup(job)).map { ($0, .init(time: job.createdAt, id: job.id.uuid)) }
            }, uniquingKeysWith: max)
    }

    @Test mutating func `go on behind the last job that was claimed, each group for itself`() {
        let jobs = [job(10), job(20), job(5, .high)]
        #expect(claim(jobs).positions == [.first, .first, .first])
        let look = cursors.begin(at: now)
        let positions = [jobs[2], jobs[1]].map { JobCursors.Position(time: $0.createdAt, id: $0.id.uuid) }
        #expect(look.positions == positions + [.first])
    }

    @Test mutating func `look a second back when the queue seems empty, and not while it is full`() {
        _ = claim([job(10)])
        _ = claim([job(20)], isFull: false)
        #expect(medium(cursors.begin(at: now)) == .first)
        _ = claim([job(30)])
        #expect(medium(cursors.begin(at: now)).time == Timestamp(microseconds: 30))
        now += .milliseconds(1_100)
        _ = claim([job(40)])
        now += .milliseconds(1_100)
        _ = claim([], isFull: false)
        #expect(medium(cursors.begin(at: now)).time == Timestamp(microseconds: 30))
    }

    @Test mutating func `look back each time while that costs little, since whoever is called must find it`() {
        _ = claim([], isFull: false)
        _ = claim([job(10)], isFull: false, taking: .milliseconds(5))
        #expect(medium(claim([], isFull: false, taking: .milliseconds(30))) == .first)
        #expect(medium(cursors.begin(at: now)).time == Timestamp(microseconds: 10))
        #expect(medium(cursors.begin(at: now + .milliseconds(30))) == .first)
    }

    @Test mutating func `go back to the floor twice a second, and less often when that is costly`() {
        #expect(claim([job(10)]).isFromFloor)
        #expect(!claim([job(20)]).isFromFloor)
        now += .milliseconds(500)
        #expect(claim([job(30)], taking: .milliseconds(100)).isFromFloor)
        now += .milliseconds(1_900)
        #expect(!claim([job(40)]).isFromFloor)
        now += .milliseconds(100)
        #expect(claim([job(50)]).isFromFloor)
    }

    @Test mutating func `go back to the floor one at a time`() {
        #expect(cursors.begin(at: now).isFromFloor)
        #expect(!cursors.begin(at: now).isFromFloor)
        #expect(cursors.begin(at: now + .milliseconds(500)).isFromFloor)
    }

    @Test mutating func `that found something behind them at the floor go on from there`() {
        _ = claim([job(100)])
        now += .milliseconds(500)
        #expect(claim([job(7)]).isFromFloor)
        #expect(medium(cursors.begin(at: now)).time == Timestamp(microseconds: 7))
    }

    @Test
    mutating func `go back to the start once when jobs were queued again, and not soon again when that is costly`() {
        _ = claim([job(100)])
        cursors.lookFromStart()
        let look = claim([job(3)], taking: .milliseconds(10))
        #expect(medium(look) == .first && !look.isFromFloor)
        #expect(medium(claim([job(4)])).time == Timestamp(microseconds: 3))
        cursors.lookFromStart()
        now += .milliseconds(199)
        #expect(medium(claim([job(5)])).time == Timestamp(microseconds: 4))
        now += .milliseconds(1)
        #expect(medium(claim([job(6)])) == .first)
        #expect(medium(claim([job(7)])).time == Timestamp(microseconds: 6))
    }

    @Test mutating func `are lowered for a job that is queued again, also under a claim that runs`() {
        _ = claim([job(100)])
        let look = cursors.begin(at: now)
        let again = RequeuedJob(
            group: JobGroup(job(50)), createdAt: Timestamp(microseconds: 50))
        cursors.lower([again])
        cursors.end(look, reached: reached([job(200)]), due: 0, isFull: true, from: now, to: now)
        #expect(medium(cursors.begin(at: now)) == JobCursors.Position(before: Timestamp(microseconds: 50)))
        #expect(
            JobCursors.Position(before: Timestamp(microseconds: 50))
                < .init(time: Timestamp(microseconds: 50), id: UUID()))
    }

    @Test mutating func `ask for due jobs at once again when there were some`() {
        var look = cursors.begin(at: now)
        #expect(look.includesDue)
        cursors.end(look, reached: [:], due: 3, isFull: true, from: now, to: now)
        look = cursors.begin(at: now)
        #expect(look.includesDue)
        cursors.end(look, reached: [:], due: 0, isFull: false, from: now, to: now)
        #expect(!cursors.begin(at: now).includesDue)
        #expect(cursors.begin(at: now + .milliseconds(500)).includesDue)
    }
}
