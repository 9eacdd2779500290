import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

/// What an outbox makes of files that are cut off or damaged.
@Suite struct OutboxDamageTests {
    private let folder = OutboxFolder()

    /// Six blocks in one shard, the second of which is settled, and where each record ends.
    private func fill() async throws -> (bytes: [UInt8], ends: [Int]) {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, syncWindow: .zero))
        var ends: [Int] = []
        for number in 0..<4 {
            try await outbox.append([OutboxFolder.draft(number)])
            ends.append(outbox.diskBytes)
        }
        outbox.acknowledge([await outbox.all()[1]])
        for number in 4..<6 {
            try await outbox.append([OutboxFolder.draft(number)])
            ends.append(outbox.diskBytes)
        }
        await outbox.close()
        let file = try #require(try folder.files().first)
        return ([UInt8](try #require(FileManager.default.contents(atPath: file))), ends)
    }

    private func replay(_ bytes: [UInt8]) throws -> OutboxReplay {
        let file = try #require(try folder.files().first)
        try Data(bytes).write(to: URL(fileURLWithPath: file))
        return try #require(try OutboxReplay.read(folder.slot()))
    }

    /// The numbers of the drafts that wait, as far as their bodies are what they were.
    private func numbers(_ replay: OutboxReplay, in bytes: [UInt8]) -> [Int] {
        replay.index.shards.flatMap(\.entries).compactMap { entry in
            let body = Array(bytes[entry.offset..<entry.offset + entry.bodyCount])
            return (0..<6).first { OutboxFolder.body($0) == body }
        }
    }

    @Test func `a file that is cut off at any byte has all that was whole, and its account is right`() async throws {
        let (bytes, ends) = try await fill()
        #expect(ends.last == bytes.count)
        for length in 0...bytes.count {
            let replay = try replay(Array(bytes[..<length]))
            let whole = (0..<6).filter { ends[$0] <= length }
            // The settlement stands between the fourth and the fifth block.
            let isSettled = replay.index.accounting.acknowledged > 0
            #expect(isSettled || length < ends[4])
            #expect(numbers(replay, in: bytes) == whole.filter { $0 != 1 || !isSettled }, "of \(length) bytes")
            #expect(replay.index.accounting.enqueued == whole.count * 3)
            #expect(replay.index.accounting.isBalanced)
            #expect(replay.lost == 0)
            guard length % 29 == 0 else { continue }
            // It goes on from there.
            let outbox = try await folder.open(OutboxOptions(shardCount: 1, syncWindow: .zero))
            try await outbox.append([OutboxFolder.draft(9)])
            await outbox.close()
            let after = try #require(try OutboxReplay.read(folder.slot()))
            #expect(after.index.accounting.enqueued == whole.count * 3 + 3)
            #expect(after.lost == 0)
            #expect(after.index.shards[0].entries.last?.oldest == OutboxFolder.start + .seconds(9))
            for file in try folder.files().dropFirst() { try FileManager.default.removeItem(atPath: file) }
        }
    }

    @Test func `one bit that is wrong costs no more than the record that it is in`() async throws {
        var random = TestSeed.generator()
        let (bytes, ends) = try await fill()
        // The beginning of the file says twice what was known.
        let heads = RecordHead.size
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            let replay = try replay(damaged)
            let kept = Set(numbers(replay, in: bytes))
            let hit = (0..<6).first { ends[$0] - heads - 40..<ends[$0] ~= place }
            let sound = Set(0..<6).subtracting([1]).subtracting(hit.map { [$0] } ?? [])
            // Without the settlement, the second block waits again.
            #expect(kept == sound || kept == sound.union([1]), "byte \(place) of \(bytes.count)")
            let accounting = replay.index.accounting
            #expect(accounting.isBalanced)
            if let hit, hit != 1 {
                // Nothing behind the last one says that it was there, unless its head does.
                let isUnknown = hit == 5 && place < ends[5] - 40
                #expect(accounting.enqueued == (isUnknown ? 15 : 18), "byte \(place)")
                #expect(accounting.dropped[.damaged] ?? 0 == (isUnknown ? 0 : 3), "byte \(place)")
            } else {
                #expect(accounting.enqueued == 18, "byte \(place)")
            }
        }
    }

    @Test func `after damage it goes on, and the account stays right`() async throws {
        let (bytes, ends) = try await fill()
        var damaged = bytes
        damaged[ends[2] - 5] ^= 4
        _ = try replay(damaged)
        for round in 1...3 {
            let outbox = try await folder.open(OutboxOptions(shardCount: 1))
            #expect(outbox.accounting.dropped == [.damaged: 3], "counted once, in round \(round)")
            #expect(outbox.accounting.enqueued == 18 + 3 * (round - 1))
            #expect(outbox.accounting.isBalanced)
            try await outbox.append([OutboxFolder.draft(6)])
            await outbox.close()
        }
    }

    @Test func `a block that is damaged while the outbox is open is dropped, and the next one taken`() async throws {
        var options = OutboxOptions(shardCount: 1)
        options.memoryBytes = 0
        let outbox = try await folder.open(options)
        for number in 0..<3 { try await outbox.append([OutboxFolder.draft(number)]) }
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: try #require(try folder.files().first)))
        let end = try file.seekToEnd()
        // The last byte of the second block.
        try file.seek(toOffset: end - UInt64(RecordHead.size + 40) - 1)
        try file.write(contentsOf: Data([0]))
        try file.close()
        #expect(await outbox.all().map(\.sequence) == [1, 3])
        #expect(outbox.accounting.dropped == [.damaged: 3])
        #expect(outbox.accounting.isBalanced)
        await outbox.close()
    }

    @Test func `files of nonsense cost nothing but themselves`() async throws {
        var random = TestSeed.generator()
        for round in 0..<12 {
            let (bytes, _) = try await fill()
            var damaged = bytes
            for _ in 0..<Int.random(in: 1...40, using: &random) {
                let start = Int.random(in: damaged.indices, using: &random)
                let end = min(damaged.count, start + Int.random(in: 1...30, using: &random))
                if Bool.random(using: &random) {
                    damaged.replaceSubrange(
                        start..<end, with: (start..<end).map { _ in .random(in: 0...255, using: &random) })
                } else if end < damaged.count {
                    damaged.removeSubrange(start..<end)
                }
            }
            let replay = try replay(damaged)
            #expect(replay.index.accounting.isBalanced)
            let outbox = try await folder.open(OutboxOptions(shardCount: 1))
            let before = outbox.accounting
            try await outbox.append([OutboxFolder.draft(5)])
            #expect(outbox.accounting.enqueued == before.enqueued + 3)
            #expect(await outbox.all().last?.body == OutboxFolder.body(5), "round \(round)")
            #expect(outbox.accounting.isBalanced)
            await outbox.close()
            try FileManager.default.removeItem(atPath: folder.path)
        }
    }

    @Test func `the log of a newer program is left alone`() async throws {
        let (bytes, _) = try await fill()
        var record: [UInt8] = []
        let body = Array(
            #"{"version":2,"shards":[],"accounting":{"enqueued":0,"acknowledged":0,"pending":0,"dropped":{}}}"#.utf8)
        RecordHead(.snapshot, body: body).write(body, to: &record)
        let file = try #require(try folder.files().first)
        try Data(record + bytes).write(to: URL(fileURLWithPath: file))
        let error = await #expect(throws: StoreError.self) { try await folder.open() }
        #expect(error?.code == .newerVersion)
        #expect(FileManager.default.contents(atPath: file) == Data(record + bytes))
    }
}
