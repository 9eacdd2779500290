import Foundation
import Millrace
import MillraceCaching
import MillraceTesting

/// The share of the accesses of a trace that memory answers when it holds a part of the keys: every value of the same
/// weight, none expiring, what is missing put in.
struct HitRatio: Benchmark {
    let trace: String
    /// The part of the trace's keys that there is room for.
    let share: Double
    let wanted: Double
    let folder: String

    var name: String { "hit-ratio-\(trace)" }

    static func all(in folder: String) -> [any Benchmark] {
        [
            HitRatio(trace: "web12", share: 0.05, wanted: 0.635, folder: folder),
            HitRatio(trace: "orm-busy", share: 0.01, wanted: 0.74, folder: folder),
        ]
    }

    func measure(runs: Int) async throws -> Figure {
        let accesses = try AccessTrace.read("\(folder)/\(trace).trace.xz")
        let distinct = Set(accesses)
        let keys = try Dictionary(uniqueKeysWithValues: distinct.map { ($0, try CacheKey("key:\($0)")) })
        let order = accesses.compactMap { keys[$0] }
        let limits = try CacheManager.Limits(entries: Int(Double(distinct.count) * share), bytes: .max / 2)
        // Where a key's place is depends on the seed of its hash, which is the process's: more runs would be the same.
        let ratio = try hitRatio(of: order, limits: limits)
        // At best every access is a hit.
        return Figure(name: name, unit: "hits/access", wanted: wanted, pairs: [Figure.Pair(value: ratio, limit: 1)])
    }

    private func hitRatio(of order: [CacheKey], limits: CacheManager.Limits) throws -> Double {
        let clock = ManualClock()
        let memory = MemoryTier(limits: limits, clock: clock, time: SteadyTime(clock))
        let value = CacheValue(bytes: Data([1]))
        let now = Timestamp(microseconds: 0)
        for key in order where memory.hit(key) == nil {
            memory.insert(
                CacheEntry(key: key, value: value, createdAt: now, expiresAt: .init(microseconds: .max), version: 1))
        }
        let counters = memory.usage.counters
        guard memory.usage.entries <= limits.entries, counters.hits + counters.misses == order.count else {
            throw BenchmarkFailure("\(memory.usage.entries) values were held at \(limits.entries) allowed")
        }
        return Double(counters.hits) / Double(order.count)
    }
}
