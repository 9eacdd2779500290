import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

@Suite struct MemoryTierTests {
    let clock = ManualClock()

    @Test(arguments: 0..<20)
    func `whatever is done, no bound is exceeded and nothing false is served`(run: UInt64) throws {
        var random = SeededGenerator(seed: TestSeed.value &+ run)
        let limits = try CacheManager.Limits(
            entries: Int.random(in: 1...60, using: &random), bytes: Int.random(in: 200...20_000, using: &random))
        let shards = Int.random(in: 1...4, using: &random)
        let tier = MemoryTier(limits: limits, clock: clock, time: SteadyTime(clock), shardCount: shards)
        var written: [CacheKey: CacheEntry] = [:]
        var lookups = 0
        for version in 1...2_000 {
            let name = "key-\(Int.random(in: 0..<100, using: &random))"
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                let made = entry(
                    name, bytes: Int.random(in: 0...800, using: &random), version: Int64(version), at: clock.timeOfDay,
                    for: .seconds(Int.random(in: 1...20, using: &random)))
                tier.insert(made)
                written[made.key] = made
            case 5..<8:
                lookups += 1
                guard let found = tier.hit(key(name)) else { continue }
                #expect(found.value == written[key(name)]?.value, "seed \(TestSeed.value), run \(run)")
                #expect(found.remaining == written[key(name)]?.remaining(at: clock.timeOfDay))
            case 8:
                tier.remove(key(name))
                written[key(name)] = nil
            default:
                clock.advance(by: .milliseconds(Int.random(in: 0...500, using: &random)))
            }
            let usage = tier.usage
            #expect(
                usage.entries <= limits.entries && usage.bytes <= limits.bytes, "seed \(TestSeed.value), run \(run)")
        }
        #expect(tier.usage.counters.hits + tier.usage.counters.misses == lookups)
        for name in written.keys { tier.remove(name) }
        #expect(tier.usage.entries == 0 && tier.usage.bytes == 0)
    }

    @Test func `the bounds of the shards add up to those of the tier`() throws {
        let limits = try CacheManager.Limits(entries: 10, bytes: 1 << 20)
        let tier = MemoryTier(limits: limits, clock: clock, time: SteadyTime(clock), shardCount: 3)
        for number in 0..<1_000 { tier.insert(entry("\(number)", at: clock.timeOfDay)) }
        #expect(tier.usage.entries == 10)
        #expect(tier.usage.counters.evictions == 990)
    }

    @Test func `nothing stays longer than five minutes, however long it lives elsewhere`() {
        let tier = MemoryTier(clock: clock, time: SteadyTime(clock))
        tier.insert(entry("a", at: clock.timeOfDay, for: .seconds(86_400)))
        clock.advance(by: .seconds(300) - .microseconds(1))
        #expect(tier.hit(key("a")) != nil)
        clock.advance(by: .microseconds(1))
        #expect(tier.hit(key("a")) == nil)
    }
}
