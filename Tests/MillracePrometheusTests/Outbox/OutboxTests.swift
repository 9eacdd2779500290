import Foundation
import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillracePrometheus

/// What an outbox does as long as nothing goes wrong but that processes end.
@Suite struct OutboxTests {
    private let folder = OutboxFolder()

    @Test(arguments: [8 << 20, 100, 0])
    func `blocks come out in the order in which they went in, until they are settled`(
        memoryBytes: Int
    ) async throws {
        var options = OutboxOptions(shardCount: 2, syncWindow: .zero)
        options.memoryBytes = memoryBytes
        let outbox = try await folder.open(options)
        for number in 0..<5 {
            try await outbox.append([OutboxFolder.draft(number), OutboxFolder.draft(number, shard: 1)])
        }
        let blocks = await outbox.all()
        #expect(blocks.map(\.body) == (0..<5).map { OutboxFolder.body($0) })
        #expect(blocks.map(\.sequence) == [1, 2, 3, 4, 5])
        #expect(blocks[2].oldest == OutboxFolder.start + .seconds(2))
        #expect(await outbox.next(shard: 0, upTo: 7).count == 2, "two of three samples each fit into seven")
        #expect(await outbox.next(shard: 0, upTo: 1).count == 1, "one in any case")
        outbox.acknowledge([blocks[0]])
        outbox.drop([blocks[1]], reason: .tooOld)
        outbox.acknowledge([blocks[0], blocks[1]])
        #expect(await outbox.all().map(\.sequence) == [3, 4, 5])
        #expect(await outbox.all(shard: 1).count == 5, "the other shard has its own")
        let accounting = outbox.accounting
        #expect(accounting.enqueued == 30)
        #expect(accounting.acknowledged == 3)
        #expect(accounting.dropped == [.tooOld: 3])
        #expect(accounting.isBalanced)
        outbox.acknowledge(await outbox.all() + outbox.all(shard: 1))
        #expect(outbox.state.withLock(\.index.bytesInMemory) == 0, "what is gone takes no room")
        await outbox.close()
    }

    @Test func `what a process leaves is there for the next, with its account`() async throws {
        let first = try await folder.open()
        for number in 0..<6 { try await first.append([OutboxFolder.draft(number)]) }
        first.acknowledge(Array(await first.all()[..<2]))
        first.reject(4, reason: .outOfOrder)
        let before = first.accounting
        await first.close()

        let second = try await folder.open()
        #expect(second.slot == 0)
        #expect(second.accounting == before)
        #expect(await second.all().map(\.body) == (2..<6).map { OutboxFolder.body($0) })
        #expect(second.newestEnqueued(shard: 0) == OutboxFolder.start + .milliseconds(5_001))
        #expect(second.newestEnqueued(shard: 1) == nil)
        try await second.append([OutboxFolder.draft(6)])
        #expect(await second.all().map(\.sequence) == [3, 4, 5, 6, 7], "no sequence is given twice")
        await second.close()
    }

    @Test func `each that opens a folder has a slot of its own, the lowest that is free`() async throws {
        let outboxes = [try await folder.open(), try await folder.open(), try await folder.open()]
        #expect(outboxes.map(\.slot) == [0, 1, 2])
        try await outboxes[1].append([OutboxFolder.draft(1)])
        await outboxes[1].close()
        let next = try await folder.open()
        #expect(next.slot == 1)
        #expect(await next.all().map(\.body) == [OutboxFolder.body(1)])
        let slot = try await InstanceSlot.lock(in: folder.path)
        #expect(slot.number == 3)
        slot.release()
        let again = try await InstanceSlot.lock(in: folder.path)
        #expect(again.number == 3)
    }

    @Test func `a slot that was given free is free, also while a process that is being started has its file`() throws {
        let slot = try InstanceSlot.take(folder.path)
        // Between its fork and its exec a process has all that is open here, of whoever starts it.
        let inherited = slot.descriptor.withLock { dup($0) }
        defer { close(inherited) }
        slot.release()
        #expect(try number(at: SystemWallClock().now()) == 0)
    }

    @Test func `a slot rests for as long as its owner wants, but never for long`() async throws {
        let now = SystemWallClock().now()
        let slot = try await InstanceSlot.lock(in: folder.path)
        slot.rest(until: now + .seconds(1))
        slot.release()
        #expect(try number(at: now) == 1)
        #expect(try number(at: now + .seconds(1)) == 0)
        #expect(try number(at: now - .seconds(60)) == 0, "a clock that was set back holds up nobody")
    }

    private func number(at now: Timestamp) throws -> Int {
        let slot = try InstanceSlot.take(folder.path, at: now)
        defer { slot.release() }
        return slot.number
    }

    @Test func `who waits for more is told, at the end too`() async throws {
        let outbox = try await folder.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await outbox.waitForMore(shard: 0) }
            group.addTask { await outbox.waitForMore(shard: 0, after: 1) }
            try await outbox.append([OutboxFolder.draft(0)])
            _ = try await group.next()
            try await outbox.append([OutboxFolder.draft(1)])
            try await group.waitForAll()
        }
        await outbox.waitForMore(shard: 0)
        let cancelled = Task { await outbox.waitForMore(shard: 1) }
        cancelled.cancel()
        await cancelled.value
        async let told: Void = outbox.waitForMore(shard: 1)
        await outbox.close()
        await told
    }

    @Test func `another number of shards holds once all is sent, and times are remembered`() async throws {
        let first = try await folder.open()
        try await first.append([OutboxFolder.draft(3, shard: 1)])
        await first.close()
        let second = try await folder.open(OutboxOptions(shardCount: 5))
        #expect(second.shardCount == 2, "its shards belong to what waits")
        second.acknowledge(await second.all(shard: 1))
        await second.close()
        let third = try await folder.open(OutboxOptions(shardCount: 5))
        #expect(third.shardCount == 5)
        for shard in 0..<5 {
            #expect(third.newestEnqueued(shard: shard) == OutboxFolder.start + .milliseconds(3_001))
        }
        try await third.append([OutboxFolder.draft(4, shard: 4)])
        #expect(third.accounting.enqueued == 6)
        #expect(third.accounting.isBalanced)
        await third.close()
        let fourth = try await folder.open(OutboxOptions(shardCount: 5))
        #expect(await fourth.all(shard: 4).map(\.body) == [OutboxFolder.body(4)])
        await fourth.close()
    }

    @Test func `what was refused is kept and listed, and the oldest goes`() async throws {
        let clock = ManualClock()
        let options = OutboxOptions(shardCount: 1, maximumQuarantined: 2, clock: clock)
        let outbox = try await folder.open(options)
        for number in 0..<3 { try await outbox.append([OutboxFolder.draft(number, samples: 5)]) }
        for (number, block) in await outbox.all().enumerated() {
            let refused = OutboxQuarantined(
                sampleCount: 2, body: OutboxFolder.body(number), reason: number == 0 ? .rejected : .quarantined,
                status: 500, answer: "no \(number)" + String(repeating: "!", count: 2_000))
            outbox.settle([OutboxSettlement(block, acknowledged: 2, dropped: [.tooOld: 1], quarantined: [refused])])
        }
        await outbox.close()
        let report = try #require(try Outbox.inspect(folder: folder.path).first)
        #expect(report.accounting.acknowledged == 6)
        #expect(report.accounting.dropped == [.tooOld: 3, .rejected: 2, .quarantined: 4])
        #expect(report.accounting.isBalanced)
        #expect(!report.isOpen)
        #expect(report.quarantine.map(\.sequence) == [2, 3])
        let last = try #require(report.quarantine.last)
        #expect(last.status == 500)
        #expect(last.answer.hasPrefix("no 2!!"))
        #expect(last.answer.utf8.count == 1_024)
        #expect(last.body == OutboxFolder.body(2))
        #expect(last.reason == .quarantined)
        #expect(last.time == clock.now())
    }

    @Test func `it can be looked at from outside while it is open`() async throws {
        let outbox = try await folder.open()
        try await outbox.append([OutboxFolder.draft(1), OutboxFolder.draft(2)])
        try await outbox.append([OutboxFolder.draft(3, shard: 1)])
        let report = try #require(try Outbox.inspect(folder: folder.path).first)
        #expect(report.isOpen)
        #expect(report.slot == 0)
        #expect(report.accounting == outbox.accounting)
        #expect(report.shards.map(\.pendingSamples) == [6, 3])
        #expect(report.shards.map(\.pendingBlocks) == [2, 1])
        #expect(report.shards[0].oldestPending == OutboxFolder.start + .seconds(1))
        #expect(report.bytes > 0)
        #expect(try Outbox.inspect(folder: folder.path + "/none").isEmpty)
        await outbox.close()
    }

    @Test func `files go when all in them is settled`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, maximumBytes: 1 << 20))
        for round in 0..<20 {
            try await outbox.append((0..<10).map { OutboxFolder.draft(round * 10 + $0, bytes: 2_000) })
            if round < 10 { continue }
            outbox.acknowledge(await outbox.all())
        }
        await outbox.close()
        #expect(try folder.files().count == 1)
        let again = try await folder.open()
        #expect(again.accounting.enqueued == 600)
        #expect(again.accounting.acknowledged == 600)
        await again.close()
    }

    @Test func `what cannot be is refused with one line`() async throws {
        let outbox = try await folder.open()
        for draft in [
            OutboxFolder.draft(1, shard: 2), OutboxFolder.draft(1, shard: -1), OutboxFolder.draft(1, samples: 0),
            OutboxFolder.draft(1, bytes: 0),
        ] {
            let error = await #expect(throws: StoreError.self) { try await outbox.append([draft]) }
            #expect(error?.code == .invalid)
        }
        try await outbox.append([])
        await outbox.close()
        let error = await #expect(throws: StoreError.self) { try await outbox.append([OutboxFolder.draft(1)]) }
        #expect(error?.code == .unavailable)
        #expect(outbox.accounting == OutboxAccounting())
        for options in [
            OutboxOptions(shardCount: 0), OutboxOptions(maximumBytes: 10), OutboxOptions(syncWindow: .seconds(-1)),
        ] {
            let error = await #expect(throws: StoreError.self) { try await folder.open(options) }
            #expect(error?.code == .invalid)
        }
    }

    @Test func `many appends at once are all kept`() async throws {
        let outbox = try await folder.open()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<16 {
                group.addTask {
                    for number in 0..<20 {
                        try await outbox.append([OutboxFolder.draft(task * 20 + number, shard: task % 2)])
                    }
                }
            }
            try await group.waitForAll()
        }
        let bodies = await outbox.all().map(\.body) + outbox.all(shard: 1).map(\.body)
        #expect(Set(bodies) == Set((0..<320).map { OutboxFolder.body($0) }))
        #expect(outbox.accounting.enqueued == 960)
        await outbox.close()
    }
}
