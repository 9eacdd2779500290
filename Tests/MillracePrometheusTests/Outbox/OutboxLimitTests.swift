import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

/// What an outbox does when it is full, and what a power cut would leave of it.
@Suite struct OutboxLimitTests {
    private let folder = OutboxFolder()

    @Test func `four hours without an endpoint cost the oldest samples, counted exactly, and never more disk`()
        async throws
    {
        let limit = 128 << 10
        let options = OutboxOptions(shardCount: 4, maximumBytes: limit, syncWindow: .seconds(3_600))
        var outbox = try await folder.open(options)
        var sent = 0
        // Every ten seconds; some are taken before and after.
        for step in 0..<1_500 {
            let drafts = (0..<4).map { shard in
                OutboxFolder.draft(step * 10, shard: shard, samples: 1 + (step + shard) % 7, bytes: 100 + step % 50)
            }
            try await outbox.append(drafts)
            sent += drafts.reduce(0) { $0 + $1.sampleCount }
            if step < 30 || step >= 1_470 {
                for shard in 0..<4 { outbox.acknowledge(await outbox.next(shard: shard, upTo: 1)) }
            }
            let accounting = outbox.accounting
            #expect(accounting.enqueued == sent)
            #expect(accounting.isBalanced)
            #expect(outbox.diskBytes <= limit)
            if step % 500 == 299 {
                await outbox.close()
                #expect(try Outbox.inspect(folder: folder.path).first?.accounting == outbox.accounting)
                outbox = try await folder.open(options)
            }
        }
        let accounting = outbox.accounting
        #expect(Set(accounting.dropped.keys) == [.overflow])
        #expect(accounting.dropped[.overflow] ?? 0 > sent / 2)
        for shard in 0..<4 {
            let times = await outbox.all(shard: shard).map(\.oldest)
            #expect(times == times.sorted())
            #expect(times.last == OutboxFolder.start + .seconds(1_499 * 10), "the newest are there")
        }
        await outbox.close()
        let size = try folder.files().reduce(0) { $0 + (try Data(contentsOf: URL(fileURLWithPath: $1)).count) }
        #expect(size <= limit)
    }

    @Test func `blocks that were dropped while they were under way are counted once`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, maximumBytes: 64 << 10))
        try await outbox.append([OutboxFolder.draft(0)])
        let blocks = await outbox.all()
        for number in 1..<60 { try await outbox.append([OutboxFolder.draft(number, bytes: 3_000)]) }
        outbox.acknowledge(blocks)
        let accounting = outbox.accounting
        #expect(accounting.acknowledged == 0)
        #expect(accounting.dropped[.overflow] ?? 0 > 90)
        #expect(accounting.isBalanced)
        await outbox.close()
    }

    @Test func `samples that do not fit even into an empty outbox are refused, and counted when they are given up`()
        async throws
    {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, maximumBytes: 64 << 10))
        try await outbox.append([OutboxFolder.draft(0)])
        let error = await #expect(throws: StoreError.self) {
            try await outbox.append([OutboxFolder.draft(1, samples: 7, bytes: 50_000)])
        }
        #expect(error?.code == .full)
        #expect(outbox.accounting.enqueued == 3 && outbox.accounting.dropped == [:], "they may come again")
        outbox.reject(7, reason: .overflow)
        #expect(outbox.accounting.enqueued == 10)
        #expect(outbox.accounting.dropped == [.overflow: 7])
        #expect(await outbox.all().count == 1)
        await outbox.close()
        let again = try await folder.open()
        #expect(again.accounting.dropped == [.overflow: 7])
        await again.close()
    }

    @Test func `with a window of zero a power cut takes nothing, with another what came within it`() async throws {
        for (window, kept) in [(Duration.zero, 5), (.seconds(3_600), 0)] {
            let folder = OutboxFolder()
            let outbox = try await folder.open(OutboxOptions(shardCount: 1, syncWindow: window))
            for number in 0..<5 { try await outbox.append([OutboxFolder.draft(number)]) }
            // What is not synced is gone.
            let after = try folder.copy()
            let file = try #require(try after.files().first)
            try FileHandle(forUpdating: URL(fileURLWithPath: file)).truncate(atOffset: UInt64(outbox.syncedBytes))
            let next = try await after.open()
            #expect(await next.all().count == kept)
            #expect(next.accounting.isBalanced)
            await next.close()
            await outbox.close()
            #expect(outbox.syncedBytes == outbox.diskBytes, "closing syncs")
        }
    }

    @Test func `what was written is synced within the window without anybody asking`() async throws {
        let outbox = try await folder.open(OutboxOptions(shardCount: 1, syncWindow: .milliseconds(20)))
        try await outbox.append([OutboxFolder.draft(1)])
        while outbox.syncedBytes < outbox.diskBytes { try await Task.sleep(for: .milliseconds(5)) }
        await outbox.close()
    }
}
