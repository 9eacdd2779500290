import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers
import Testing

@testable import MillraceRedis

/// What an invalidation means is taken from the server gently, and nothing else is.
@Suite(.timeLimit(.minutes(5))) struct SharedPurgeTests {
    @Test(arguments: RedisServer.Program.allCases)
    func `a purge takes the values that are older, of all buckets, and brings none of them into a script`(
        program: RedisServer.Program
    ) async throws {
        try await withSharedTier(program) { _, client, tier, cursor in
            let epoch = cursor.epoch
            // So many that some buckets are gathered more than once, and all have some left at the end.
            let keys = (0..<6_000).map { CacheKey(stored: $0.isMultiple(of: 10) ? "other:\($0)" : "user:\($0)") }
            let leases = keys.map { SharedLease($0, in: epoch) }
            #expect(try await tier.lease(leases.map { .init($0) }).allSatisfy { $0 == .leased })
            let fills = leases.enumerated().filter { !$0.offset.isMultiple(of: 7) }.map { index, lease in
                let value = Data("value".utf8)
                return SharedLease.Settlement(
                    lease, SharedValue(version: Int64(index % 6), envelope: value, remaining: .seconds(600)))
            }
            #expect(try await tier.settle(fills).allSatisfy { $0 })
            let old = fills.filter { $0.lease.key.text.hasPrefix("user:") && ($0.value?.version ?? 0) < 4 }
            let left = fills.count - old.count
            // Names that look like slots of this epoch, but are not where the key belongs.
            let bucket = SharedBucket.number(of: keys[1])
            let buckets = ["\((bucket + 1) % 256)", "0\(bucket)", ""]
            let strangers =
                buckets.map { "{mr:own:\($0)}:\(epoch):v:\(keys[1])" } + ["{mr:own:\(bucket)}:\(epoch):v:"]
            for name in strangers {
                _ = try await client.send(RedisCommand("SET", .text(name), .text("V\0\0\0\0\0\0\0\0")))
            }
            _ = try await client.send(RedisCommand("CONFIG RESETSTAT"))

            let steps = Mutex(0)
            let removed = try await tier.purge(CachePattern("user:*"), olderThan: 4, in: epoch) {
                steps.withLock { $0 += 1 }
            }

            // Some sixty to look through all names, a hundred each, and some thirty for what is left of the buckets: who
            // purges is heard of from its first to its last.
            #expect(steps.withLock { $0 } >= 70)
            #expect(try await client.calls(of: "get") == 0)
            #expect(removed == old.count)
            for stranger in strangers {
                #expect(try await client.send(RedisCommand("DEL", .text(stranger))) == .integer(1), "\(stranger)")
            }
            #expect(try await tier.count(in: epoch) == left)
            let found = try await tier.values(old.map(\.lease.key), in: epoch)
            #expect(found.isEmpty)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `many invalidations that the tier missed are told in many short steps`(
        program: RedisServer.Program
    ) async throws {
        try await withSharedTier(program) { _, client, tier, cursor in
            let rules = Dictionary(
                uniqueKeysWithValues: try (0..<1_000).map { (try CachePattern("user:\($0):*"), Int64($0 + 2)) })
            _ = try await client.send(RedisCommand("CONFIG RESETSTAT"))

            #expect(try await tier.tell([:], rules: rules, from: cursor, upTo: 1_001))

            #expect(try await client.calls(of: "eval") > 1_000 / 64)
            let journal = try await tier.journal()
            #expect(journal.rules == rules && journal.cursor?.version == 1_001)
        }
    }
}
