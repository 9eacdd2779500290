import Foundation
import MillraceCore
import MillracePrometheus
import Testing

@Suite(.bounded, .enabled(if: SmallDisk.isPermitted, "only the superuser may mount a small disk"))
struct FullOutboxTests {
    private static func draft(_ number: Int, bytes: Int) -> OutboxDraft {
        let time = Timestamp(microseconds: 1_700_000_000_000_000) + .seconds(number)
        return OutboxDraft(
            shard: 0, sampleCount: 2, oldest: time, newest: time,
            body: [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: bytes))
    }

    @Test func `a full disk is one clear error, and takes nothing of what was there`() async throws {
        try await Workplace.with { place in
            try await SmallDisk.with(megabytes: 2, in: place) { disk in
                let folder = disk.outside("metrics")
                let outbox = try await Outbox.open(folder: folder, options: OutboxOptions(shardCount: 1))
                for number in 0..<5 { try await outbox.append([Self.draft(number, bytes: 1_000)]) }
                try disk.fill()
                var refused = 0
                for number in 5..<15 {
                    do throws(StoreError) {
                        try await outbox.append([Self.draft(number, bytes: 20_000)])
                    } catch {
                        #expect(error.code == .full)
                        #expect(error.description.contains("make room on the disk"))
                        refused += 1
                    }
                }
                #expect(refused >= 9, "what the file's last page had room for may have gone in")
                let kept = 15 - refused
                #expect(outbox.accounting.enqueued == kept * 2, "what was refused may come again")
                #expect(outbox.accounting.dropped == [:] && outbox.accounting.isBalanced)
                outbox.acknowledge([await outbox.next(shard: 0, upTo: 1)[0]])
                try disk.free()
                try await outbox.append([Self.draft(15, bytes: 20_000)])
                await outbox.close()

                let next = try await Outbox.open(folder: folder, options: OutboxOptions(shardCount: 1))
                let blocks = await next.next(shard: 0, upTo: .max)
                #expect(
                    blocks.map(\.body.count) == [Int](repeating: 1_000, count: 4)
                        + Array(repeating: 20_000, count: kept - 4))
                #expect(next.accounting == outbox.accounting, "also what could not be written then")
                await next.close()
            }
        }
    }

    @Test func `a disk that the outbox has filled itself is free again once all of it was taken`() async throws {
        try await Workplace.with { place in
            try await SmallDisk.with(megabytes: 1, in: place) { disk in
                let folder = disk.outside("metrics")
                let outbox = try await Outbox.open(folder: folder, options: OutboxOptions(shardCount: 1))
                var number = 0
                // Until not even the word of what was taken has room.
                for bytes in [50_000, 3_000, 200, 1] {
                    do {
                        while true {
                            try await outbox.append([Self.draft(number, bytes: bytes)])
                            number += 1
                        }
                    } catch let error as StoreError {
                        try #require(error.code == .full)
                    }
                }
                try disk.fill()
                let taken = number
                while case let blocks = await outbox.next(shard: 0, upTo: 20), !blocks.isEmpty {
                    outbox.acknowledge(blocks)
                }
                try await outbox.append([Self.draft(number, bytes: 50_000)])
                #expect(outbox.diskBytes < 60_000)
                #expect(outbox.accounting.acknowledged == 2 * taken && outbox.accounting.pending == 2)
                await outbox.close()

                let next = try await Outbox.open(folder: folder, options: OutboxOptions(shardCount: 1))
                #expect(next.accounting == outbox.accounting)
                #expect(await next.next(shard: 0, upTo: .max).map(\.body.count) == [50_000])
                await next.close()
            }
        }
    }

    @Test func `a disk with no room at the start is one clear error`() async throws {
        try await Workplace.with { place in
            try await SmallDisk.with(megabytes: 1, in: place) { disk in
                try disk.fill()
                let error = await #expect(throws: StoreError.self) {
                    try await Outbox.open(folder: disk.outside("metrics"))
                }
                #expect(error?.code == .full || error?.code == .unavailable)
                #expect(error?.description.contains("room on the disk") == true)
            }
        }
    }
}
