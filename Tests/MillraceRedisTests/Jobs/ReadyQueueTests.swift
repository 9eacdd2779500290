import Foundation
import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillraceRedis

/// Hints of jobs, and what becomes of them.
@Suite("Hints of jobs", .timeLimit(.minutes(5)))
struct ReadyQueueTests {
    private let type = HintLab.type

    @Test func `lead to all jobs without the queue being asked which there are, the most urgent first`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            var ids: [JobPriority: [JobID]] = [:]
            for priority in [JobPriority.low, .high, .medium, .high] {
                ids[priority, default: []] += try await lab.queue.enqueue(
                    Array(repeating: JobRequest(type, priority: priority), count: 5)
                ).ids
                lab.clock.advance(by: .milliseconds(1))
            }
            let expected = JobPriority.allCases.reversed().flatMap { ids[$0] ?? [] }
            let before = lab.base.counts.value
            var claimed: [JobID] = []
            for limit in [3, 7, 10] { claimed += try await lab.claim(limit).map(\.id) }
            #expect(claimed == expected)
            #expect(lab.base.counts.value.looks == before.looks)
            #expect(lab.base.counts.value.given == before.given + 3)
        }
    }

    @Test func `are no more than the window holds, and the jobs behind it come in their order all the same`()
        async throws
    {
        var settings = HintSettings.eager
        settings.limit = 300
        try await HintLab.with(settings) { (lab) async throws in
            try await lab.open()
            var ids: [JobID] = []
            for _ in 0..<20 {
                ids += try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 100)).ids
                lab.clock.advance(by: .microseconds(1))
            }
            #expect(try await lab.hints() == Array(ids.prefix(300)))
            let urgent = try await lab.queue.enqueue(JobRequest(type, priority: .high))
            #expect(try await lab.hints().first == urgent)
            #expect(try await lab.hints().count == 300)
            let before = lab.base.counts.value.looks
            var claimed: [JobID] = []
            while claimed.count < 2_001 {
                let jobs = try await lab.claim(50)
                try #require(!jobs.isEmpty)
                claimed += jobs.map(\.id)
                #expect(try await lab.hints().count <= 300)
            }
            #expect(claimed == [urgent] + ids)
            #expect(lab.base.counts.value.looks <= before + 2)
            #expect(try await lab.reach() == "*")
            #expect(try await lab.claim().isEmpty)
        }
    }

    @Test func `of jobs that a worker cannot run are in nobody's way`() async throws {
        var settings = HintSettings.eager
        settings.limit = 200
        let ear = EngineIdentity(known: "ear")
        let mail = QueueName(known: "mail")
        let other = JobType(known: "other")
        let able = JobScope(queues: [.default, mail], types: [type, other], engines: [ear])
        try await HintLab.with(settings) { (lab) async throws in
            try await lab.open([able, HintLab.scope])
            _ = try await lab.queue.enqueue(Array(repeating: JobRequest(type, engine: ear), count: 300))
            _ = try await lab.queue.enqueue(Array(repeating: JobRequest(other), count: 300))
            let mine = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 10)).ids
            let looks = lab.base.counts.value.looks
            #expect(try await lab.claim(10).map(\.id) == mine)
            #expect(lab.base.counts.value.looks == looks)
            let letter = try await lab.queue.enqueue(JobRequest(type, queueName: mail, priority: .high))
            #expect(try await lab.claim(1, from: able).map(\.id) == [letter])
            #expect(try await lab.claim(700, from: able).count == 600)
        }
    }

    @Test func `of several queues come in one order, and those that were too many are put back`() async throws {
        let mail = QueueName(known: "mail")
        let both = JobScope(queues: [.default, mail], types: [type])
        try await HintLab.with { (lab) async throws in
            try await lab.open([both])
            var ids: [JobID] = []
            for number in 0..<20 {
                ids.append(
                    try await lab.queue.enqueue(JobRequest(type, queueName: number % 2 == 0 ? .default : mail)))
                lab.clock.advance(by: .microseconds(1))
            }
            let looks = lab.base.counts.value.looks
            var claimed: [JobID] = []
            for _ in 0..<4 { claimed += try await lab.claim(5, from: both).map(\.id) }
            #expect(claimed == ids)
            #expect(lab.base.counts.value.looks == looks)
        }
    }

    @Test func `of jobs that are impossible here are left to others`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 6)).ids
            let scope = JobScope(types: [type], unreachable: Array(ids[0...2]))
            #expect(try await lab.claim(2, from: scope).map(\.id) == Array(ids[3...4]))
            #expect(try await lab.hints() == Array(ids[0...2]) + [ids[5]])
            #expect(try await lab.claim(4).map(\.id) == Array(ids[0...2]) + [ids[5]])
        }
    }

    @Test func `that are wrong are dropped, and the claim goes on`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 30)).ids
            for id in ids[0..<12] { try await lab.base.updateJobStatus(id, to: .cancelled) }
            _ = try await lab.base.claim(Array(ids[12..<20]), from: HintLab.scope, by: lab.worker)
            #expect(try await lab.claim(5).map(\.id) == Array(ids[20..<25]))
            #expect(try await lab.claim(10).map(\.id) == Array(ids[25...]))
            #expect(try await lab.hints().isEmpty)
        }
    }

    @Test func `of a claimer that died are put back`() async throws {
        var settings = HintSettings.eager
        settings.flightTime = -1
        try await HintLab.with(settings) { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 4)).ids
            // It got no further than this.
            #expect(await lab.queue.hints.take(upTo: 3, in: HintLab.scope)?.hints.map(\.id) == Array(ids[0..<3]))
            #expect(try await lab.hints() == [ids[3]])
            #expect(try await lab.inFlight() == 3)
            await lab.queue.upkeep()
            #expect(try await lab.hints() == ids)
            #expect(try await lab.inFlight() == 0)
        }
    }

    @Test func `are forgotten in flight when they have come to something`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            _ = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 6))
            _ = try await lab.claim(3)
            #expect(try await lab.inFlight() == 3)
            _ = try await lab.claim(1)
            #expect(try await lab.inFlight() == 1)
            await lab.queue.upkeep()
            #expect(try await lab.inFlight() == 0)
        }
    }

    @Test func `are given back when the queue does not answer`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 4)).ids
            let stranger = WorkerID.make(at: lab.clock.timeOfDay)
            let error = await #expect(throws: StoreError.self) {
                try await lab.queue.claim(upTo: 2, from: HintLab.scope, by: stranger)
            }
            #expect(error?.code == .conflict)
            #expect(try await lab.hints() == ids)
        }
    }

    @Test func `are given back by a claim that was cancelled`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 4)).ids
            let caught = try #require(await lab.queue.hints.take(upTo: 3, in: HintLab.scope))
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask { await lab.queue.hints.giveBack(caught.hints) }
            }
            #expect(try await lab.hints() == ids)
        }
    }

    @Test func `that could not be given back stay in flight, and are put back by who leads`() async throws {
        var settings = HintSettings.eager
        settings.flightTime = -1
        let other = JobType(known: "other")
        let scope = JobScope(types: [type, other])
        let kinds = scope.types.map { JobKind(queueName: .default, type: $0) }
        try await HintLab.with(settings) { (lab) async throws in
            try await lab.open([scope])
            for kind in kinds { _ = try await lab.queue.enqueue(Array(repeating: JobRequest(kind.type), count: 3)) }
            let caught = try #require(await lab.queue.hints.take(upTo: 6, in: scope))
            let key = RedisArgument.text(lab.keys.ready(kinds[0]))
            // Refused, as by a server that has no memory left.
            _ = try await lab.client.send(RedisCommand("SET", key, "no hints"), timeout: .seconds(20))
            await lab.queue.hints.giveBack(caught.hints)
            _ = try await lab.client.send(RedisCommand("DEL", key), timeout: .seconds(20))
            await lab.queue.hints.tellNews()
            #expect(try await lab.inFlight() == 3)
            await lab.queue.upkeep()
            for kind in kinds { #expect(try await lab.hints(of: kind).count == 3) }
            #expect(try await lab.inFlight() == 0)
        }
    }

    @Test func `are relied on while jobs go to wait for transcripts, and one that is queued at once is not forgotten`()
        async throws
    {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let waiting = try await lab.queue.enqueue(JobRequest(type))
            let job = try #require(try await lab.claim(1).first)
            _ = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 8))
            // Nobody knows of the transcript, so there is nothing to wait for.
            let transcript = TranscriptID.make(at: lab.clock.timeOfDay)
            let until = SystemWallClock().now() + .seconds(60)
            _ = try await lab.queue.settle([JobSettlement(job, .awaiting(transcript, until: until))])
            #expect(try await lab.base.job(waiting)?.status == .queued)
            let looks = lab.base.counts.value.looks
            #expect(try await lab.claim(1).first?.id != waiting)
            #expect(lab.base.counts.value.looks == looks)
            // Any other process takes it, a second later at most.
            var settings = HintSettings.unhurried
            #expect(settings.lookInterval == .seconds(1))
            settings.lookInterval = .zero
            let late = RedisReadyQueue(lab.base, storeID: lab.storeID, client: lab.client, settings)
            #expect(try await late.claim(upTo: 1, from: HintLab.scope, by: lab.worker).map(\.id) == [waiting])
        }
    }

    @Test func `of jobs that were claimed without them leave the window`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 6)).ids
            _ = try await lab.queue.claim(Array(ids[0..<3]), from: HintLab.scope, by: lab.worker)
            await lab.queue.upkeep()
            #expect(try await lab.hints() == Array(ids[3...]))
            _ = try await lab.queue.claim([ids[3]], from: HintLab.scope, by: lab.worker)
            #expect(try await lab.claim(1).map(\.id) == [ids[4]])
            #expect(try await lab.hints() == [ids[5]])
        }
    }

    @Test func `that were lost, or never made, are found within two looks at the queue`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 8)).ids
            let kind = JobKind(queueName: .default, type: type)
            _ = try await lab.client.send(
                RedisCommand("ZREMRANGEBYRANK", .text(lab.keys.ready(kind)), 2, 4), timeout: .seconds(20))
            let silent = try await lab.base.enqueue(JobRequest(type, priority: .high))
            let due = try await lab.base.enqueue(JobRequest(type, scheduledAt: lab.clock.timeOfDay + .seconds(1)))
            lab.clock.advance(by: .milliseconds(999))
            for _ in 0..<3 { await lab.queue.upkeep() }
            #expect(try await lab.hints() == [silent] + ids)
            lab.clock.advance(by: .milliseconds(1))
            for _ in 0..<2 { await lab.queue.upkeep() }
            #expect(try await lab.hints() == [silent] + ids + [due])
            let looks = lab.base.counts.value.looks
            #expect(try await lab.claim(10).count == 10)
            #expect(lab.base.counts.value.looks == looks)
        }
    }

    @Test func `in great number that Redis has lost all come back, though only the first are looked for`() async throws
    {
        var settings = HintSettings.eager
        settings.auditSize = 10
        try await HintLab.with(settings) { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 100)).ids
            let kind = JobKind(queueName: .default, type: type)
            _ = try await lab.client.send(RedisCommand("DEL", .text(lab.keys.ready(kind))), timeout: .seconds(20))
            try await eventually {
                await lab.queue.upkeep()
                return try await lab.hints() == ids
            }
        }
    }

    @Test func `come anew in a new epoch when all is lost, and no job is lost or given twice`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 100)).ids
            var claimed = try await lab.claim(20).map(\.id)
            try await lab.flush()
            claimed += try await lab.claim(20).map(\.id)
            #expect(claimed == Array(ids[0..<40]))
            try await eventually {
                await lab.queue.upkeep()
                claimed += try await lab.claim(1).map(\.id)
                return try await lab.reach() == "*"
            }
            let looks = lab.base.counts.value.looks
            while claimed.count < ids.count { claimed += try await lab.claim(1).map(\.id) }
            #expect(claimed == ids)
            #expect(lab.base.counts.value.looks == looks)
        }
    }

    @Test func `that another has begun to lead are begun anew by who leads next`() async throws {
        try await HintLab.with { (lab) async throws in
            try await lab.open()
            let ids = try await lab.queue.enqueue(Array(repeating: JobRequest(type), count: 3)).ids
            let other = lab.otherQueue()
            let state = RedisArgument.text(lab.keys.state(of: .default))
            let epoch = try await lab.client.send(RedisCommand("HGET", state, "epoch"))
            _ = other.hints.desk.beginLook(in: HintLab.scope)
            await other.upkeep()
            #expect(try await lab.client.send(RedisCommand("HGET", state, "epoch")) == epoch)
            _ = try await lab.client.send(RedisCommand("DEL", .text(lab.keys.leader(of: .default))))
            for _ in 0..<2 { await other.upkeep() }
            #expect(try await lab.client.send(RedisCommand("HGET", state, "epoch")) != epoch)
            #expect(try await lab.reach() == "*")
            #expect(try await lab.hints() == ids)
        }
    }

    @Test func `of two stores on one server do not mix`() async throws {
        try await HintLab.with { (one) async throws in
            try await HintLab.with { (two) async throws in
                for lab in [one, two] { try await lab.open() }
                let first = try await one.queue.enqueue(Array(repeating: JobRequest(type), count: 5)).ids
                let second = try await two.queue.enqueue(Array(repeating: JobRequest(type), count: 5)).ids
                #expect(try await two.claim().map(\.id) == second)
                #expect(try await one.claim().map(\.id) == first)
            }
        }
    }

    @Test func `take up less than 5 MB, however many jobs are queued, and of however many kinds`() async throws {
        try await RedisServer.with { server in
            try await HintLab.with(on: server) { (lab) async throws in
                let scope = JobScope(
                    types: [type, JobType(known: "other")],
                    engines: (0..<4).compactMap { EngineIdentity(description: "ear-\($0)") })
                try await lab.open([scope])
                // As they come from a queue of a hundred thousand, without the queue.
                for batch in 0..<20 {
                    for kind in scope.kinds {
                        await lab.queue.hints.add(
                            Array(repeating: JobRequest(kind.type, engine: kind.engine), count: 500),
                            EnqueueReceipt(
                                ids: (0..<500).map { _ in JobID.make(at: lab.clock.timeOfDay) }, skipped: [],
                                createdAt: lab.clock.timeOfDay + .milliseconds(batch)))
                    }
                    if batch % 3 == 0 { await lab.queue.upkeep() }
                }
                await lab.queue.upkeep()
                var hints = 0
                for kind in scope.kinds { hints += try await lab.hints(of: kind).count }
                #expect(hints == 15_000)
                let info = try await lab.client.send(RedisCommand("INFO", "memory"), timeout: .seconds(20)).text
                let used = try #require(info?.firstMatch(of: /used_memory:(\d+)/).flatMap { Int($0.1) })
                #expect(used < 5_000_000)
            }
        }
    }
}
