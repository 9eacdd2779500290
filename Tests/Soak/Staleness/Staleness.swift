internal import Foundation
internal import MillraceCaching
internal import MillraceCore
internal import MillraceTesting

/// Lets another process write to the cache, and looks until that is seen, over and over on several keys.
struct Staleness: Sendable {
    /// What was seen.
    struct Outcome: CustomStringConvertible {
        /// From a write to the beginning of the look that saw it, in nanoseconds.
        var delays: [Int64] = []
        /// Writes that a look did not see which began more than two seconds later.
        var missed = 0
        var lookups = 0
        /// Lookups that memory answered: without them, nothing would be shown about memory.
        var memoryHits = 0

        mutating func add(_ other: Outcome) {
            delays += other.delays
            missed += other.missed
            lookups += other.lookups
            memoryHits += other.memoryHits
        }

        /// On a slow machine few looks are made at each value; the second of them memory has answered.
        func isAsItShouldBe(tries: Int) -> Bool {
            missed == 0 && delays.count == tries && memoryHits > tries / 2
        }

        var description: String {
            let mean = Double(delays.reduce(0, +)) / Double(max(1, delays.count)) / 1e9
            return String(
                format: "tries=%d missed=%d mean=%.3f s maximum=%.3f s lookups=%d in memory=%d", delays.count + missed,
                missed, mean, Double(delays.max() ?? 0) / 1e9, lookups, memoryHits)
        }
    }

    let cache: TieredCache
    let neighbour: Neighbour

    func run(tries: Int, lanes: Int, seed: UInt64) async throws -> Outcome {
        try await withThrowingTaskGroup(of: Outcome.self) { group in
            for lane in 0..<lanes {
                group.addTask { try await watch(lane, tries: tries / lanes, seed: seed &+ UInt64(lane)) }
            }
            var all = Outcome()
            for try await outcome in group { all.add(outcome) }
            return all
        }
    }

    private func watch(_ lane: Int, tries: Int, seed: UInt64) async throws -> Outcome {
        var random = SeededGenerator(seed: seed)
        var outcome = Outcome()
        let key = CacheKey(stored: "lane:\(lane)")
        for number in 0..<tries {
            // In memory, unless it was removed.
            _ = try await cache.get(key)
            try await Task.sleep(for: .milliseconds(Int.random(in: 0...700, using: &random)))
            let written: Int64
            switch number % 10 {
            case 4: written = try await neighbour.tell("delete", key.text)
            case 9: written = try await neighbour.tell("invalidate", "lane:\(lane)")
            default: written = try await neighbour.tell("put", key.text, "\(number)")
            }
            let wanted = number % 5 == 4 ? nil : CacheValue(bytes: Data("\(number)".utf8))
            try await look(for: wanted, at: key, written: written, &outcome, &random)
        }
        return outcome
    }

    private func look(
        for wanted: CacheValue?, at key: CacheKey, written: Int64, _ outcome: inout Outcome,
        _ random: inout SeededGenerator
    ) async throws {
        while true {
            // When the look begins is what counts, not how long the machine takes over it.
            let delay = Neighbour.now - written
            let hit = try await cache.get(key)
            outcome.lookups += 1
            if hit?.tier == .l1 { outcome.memoryHits += 1 }
            if hit?.value == wanted { return outcome.delays.append(max(0, delay)) }
            guard delay <= 2_000_000_000 else {
                outcome.missed += 1
                return
            }
            try await Task.sleep(for: .milliseconds(Int.random(in: 1...30, using: &random)))
        }
    }
}
