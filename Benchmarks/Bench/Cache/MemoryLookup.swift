import Foundation
import Limits
import Millrace
import MillraceCaching
import MillraceTesting

/// Looks values up that are in memory, beside a map that knows neither time nor bounds.
///
/// The cache is the one that the factory makes, over a store on the disk, and is kept in step with it meanwhile.
struct MemoryLookup: Benchmark {
    /// Which of the cache's ways is taken.
    enum Way {
        /// The one that everybody takes.
        case get
        /// The one without a suspension.
        case hit
    }

    let scratch: Scratch
    let way: Way

    var name: String {
        switch way {
        case .get: "l1-hit"
        case .hit: "l1-hit-at-once"
        }
    }

    private static let keyCount = 5_000
    private static let lookups = 2_000_000
    private static let valueSize = 400

    func measure(runs: Int) async throws -> Figure {
        let factory = try await RepositoryFactory(store: .file(scratch.file("cache.db")))
        guard let cache = factory.cacheRepository() as? TieredCache else {
            throw BenchmarkFailure("the cache has no memory that answers at once")
        }
        let bare = BareCache(shardCount: 64)
        let texts = (0..<Self.keyCount).map { "chunk:\(ContentHash(ofParts: ["\($0)"]))" }
        let keys = try texts.map { try CacheKey($0) }
        let value = Data(repeating: 7, count: Self.valueSize)
        for text in texts { bare[text] = value }
        try await withThrowingTaskGroup { group in
            for key in keys { group.addTask { try await cache.put(key, CacheValue(bytes: value), ttl: .standard) } }
            try await group.waitForAll()
        }
        try await settle(keys, in: cache)
        var generator = SeededGenerator(seed: 1)
        let order = (0..<Self.lookups).map { _ in Int.random(in: keys.indices, using: &generator) }
        let pairs = try await pairs(
            runs,
            ours: {
                try await rate {
                    switch way {
                    case .get: try await gets(keys, in: order, from: cache)
                    case .hit: try await hits(keys, in: order, from: cache)
                    }
                }
            },
            limit: {
                try await rate {
                    var found = 0
                    for index in order where bare[texts[index]] != nil { found += 1 }
                    return found
                }
            })
        return Figure(name: name, unit: "lookups/s", wanted: 0.67, pairs: pairs)
    }

    /// Waits until memory has all values and is in step with the store: so many writes at once may have emptied it.
    private func settle(_ keys: [CacheKey], in cache: TieredCache) async throws {
        repeat {
            try await Task.sleep(for: .seconds(1.1))
        } while try await gets(keys, in: Array(keys.indices), from: cache) < keys.count
    }

    private func gets(_ keys: [CacheKey], in order: [Int], from cache: TieredCache) async throws -> Int {
        var found = 0
        for index in order where try await cache.get(keys[index])?.tier == .l1 { found += 1 }
        return found
    }

    private func hits(_ keys: [CacheKey], in order: [Int], from cache: TieredCache) async throws -> Int {
        var found = 0
        for (turn, index) in order.enumerated() {
            // Keeps memory in step, as somebody has to.
            if turn.isMultiple(of: 1_000) { _ = try await cache.get(keys[index]) }
            if cache.hit(keys[index])?.tier == .l1 { found += 1 }
        }
        return found
    }

    private func rate(_ countHits: () async throws -> Int) async throws -> Double {
        var found = 0
        let duration = try await ContinuousClock().measure { found = try await countHits() }
        guard found == Self.lookups else { throw BenchmarkFailure("\(found) of \(Self.lookups) lookups hit memory") }
        return Double(Self.lookups) / duration.inSeconds
    }
}
