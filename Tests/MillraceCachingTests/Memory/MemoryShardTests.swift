import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

@Suite struct MemoryShardTests {
    let now = ManualClock.standardStart

    private func insert(_ entry: CacheEntry, into shard: MemoryShard) {
        shard.insert(entry, until: entry.expiresAt, at: now)
    }

    @Test func `the oldest values go first when there are too many`() {
        let shard = MemoryShard(maximumEntries: 3, maximumBytes: 1 << 20)
        for name in ["a", "b", "c", "d", "e"] { insert(entry(name, at: now), into: shard) }
        #expect(["a", "b"].allSatisfy { shard.entry(key($0), at: now) == nil })
        #expect(["c", "d", "e"].allSatisfy { shard.entry(key($0), at: now) != nil })
        #expect(shard.usage.entries == 3)
        #expect(shard.usage.counters.evictions == 2)
    }

    @Test func `a value that was replaced is as young as its last writing`() {
        let shard = MemoryShard(maximumEntries: 2, maximumBytes: 1 << 20)
        insert(entry("a", at: now), into: shard)
        insert(entry("b", at: now), into: shard)
        insert(entry("a", version: 2, at: now), into: shard)
        insert(entry("c", at: now), into: shard)
        #expect(shard.entry(key("a"), at: now)?.version == 2)
        #expect(shard.entry(key("b"), at: now) == nil)
    }

    @Test func `bytes count the key, the value and what the map needs`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        insert(entry("four", bytes: 100, at: now), into: shard)
        #expect(shard.usage.bytes == MemoryContents.overheadBytes + 104)
        insert(entry("four", bytes: 50, version: 2, at: now), into: shard)
        #expect(shard.usage.bytes == MemoryContents.overheadBytes + 54)
        #expect(shard.remove(key("four"), at: now))
        #expect(shard.usage.bytes == 0)
    }

    @Test func `a value larger than the bound is not kept, and neither is the one that it replaces`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1_000)
        insert(entry("other", at: now), into: shard)
        insert(entry("a", at: now), into: shard)
        insert(entry("a", bytes: 1_000, version: 2, at: now), into: shard)
        #expect(shard.entry(key("a"), at: now) == nil)
        #expect(shard.entry(key("other"), at: now) != nil)
    }

    @Test func `a value is served until the moment of its end, and not then`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        insert(entry("a", at: now, for: .seconds(1)), into: shard)
        #expect(shard.entry(key("a"), at: now + .microseconds(999_999)) != nil)
        #expect(shard.entry(key("a"), at: now + .seconds(1)) == nil)
        #expect(shard.usage.entries == 0)
        insert(entry("b", at: now, for: .seconds(1)), into: shard)
        #expect(!shard.remove(key("b"), at: now + .seconds(1)))
    }

    @Test func `what has expired already is not taken in`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        shard.insert(entry("a", at: now), until: now, at: now)
        #expect(shard.usage.entries == 0)
    }

    @Test func `a fill of an older version changes nothing`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        insert(entry("a", version: 5, at: now), into: shard)
        insert(entry("a", version: 4, at: now), into: shard)
        #expect(shard.entry(key("a"), at: now)?.version == 5)
        insert(entry("a", version: 6, at: now), into: shard)
        #expect(shard.entry(key("a"), at: now)?.version == 6)
    }

    @Test func `a fill of an older version changes nothing, although the newer one has expired`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        insert(entry("a", version: 5, at: now, for: .seconds(1)), into: shard)
        let older = entry("a", version: 4, at: now)
        #expect(!shard.insert(older, until: older.expiresAt, at: now + .seconds(1)))
        #expect(shard.entry(key("a"), at: now + .seconds(1)) == nil)
    }

    @Test func `rewriting one key does not let the queue grow`() {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        for version in 1...10_000 {
            insert(entry("a", version: Int64(version), at: now), into: shard)
            #expect(shard.queueLength <= 18)
        }
        #expect(shard.usage.counters.evictions == 0)
    }

    @Test func `removing and writing again does not let the queue grow, nor evict what was written last`() {
        let shard = MemoryShard(maximumEntries: 2, maximumBytes: 1 << 20)
        for version in 1...1_000 {
            insert(entry("a", version: Int64(version), at: now), into: shard)
            _ = shard.remove(key("a"), at: now)
        }
        #expect(shard.queueLength <= 18)
        insert(entry("a", at: now), into: shard)
        insert(entry("b", at: now), into: shard)
        #expect(shard.usage.entries == 2)
    }

    /// What a fetch of an older value that began before a write comes to, when memory has given up the write meanwhile.
    private func isKept(_ write: (MemoryShard, CacheEntry) -> Void) -> Bool {
        let shard = MemoryShard(maximumEntries: 10, maximumBytes: 1 << 20)
        let removals = shard.removals(near: key("a"))
        write(shard, entry("a", version: 2, at: now))
        for number in 0..<100 { insert(entry("\(number)", at: now), into: shard) }
        let older = entry("a", version: 1, at: now)
        return shard.insert(older, until: older.expiresAt, at: now, ifRemovals: removals)
    }

    @Test func `what was being fetched during a write is not kept, although the write was given up meanwhile`() {
        #expect(!isKept { shard, entry in shard.insert(entry, until: entry.expiresAt, at: now, isWrite: true) })
        #expect(
            isKept { shard, entry in insert(entry, into: shard) }, "the follow that tells of its write is yet to come")
    }

    @Test func `nor is it when the write was another's, and memory had it before it heard of it`() {
        #expect(
            !isKept { shard, entry in
                insert(entry, into: shard)
                shard.remove(entry.key, olderThan: entry.version, at: now)
            })
    }

    @Test func `a removal spares most of what is being fetched of other keys`() {
        let shard = MemoryShard(maximumEntries: 10_000, maximumBytes: 1 << 30)
        let removals = (0..<1_000).map { shard.removals(near: key("\($0)")) }
        _ = shard.remove(key("removed"), at: now)
        let kept = (0..<1_000).filter { number in
            let fetched = entry("\(number)", at: now)
            return shard.insert(fetched, until: fetched.expiresAt, at: now, ifRemovals: removals[number])
        }
        #expect(kept.count > 900)
        shard.removeAll()
        #expect(shard.removals(near: key("0")) > removals[0])
    }
}
