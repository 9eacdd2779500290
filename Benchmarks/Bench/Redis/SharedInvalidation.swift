import Millrace

/// How soon the invalidation of a million values counts everywhere, beside ten milliseconds.
struct SharedInvalidation: Benchmark {
    let purge: SharedPurge

    let name = "invalidate-1000000-shared"

    func measure(runs: Int) async throws -> Figure {
        let pairs = try await purge.observe(min(runs, 3)).map {
            Figure.Pair(value: $0.counted.inSeconds * 1_000, limit: 10)
        }
        return Figure(name: name, unit: "ms", wanted: 1, pairs: pairs, isTime: true)
    }
}

/// How long Redis is at the slowest command of ours from an invalidation of a million values until all are removed, beside
/// five milliseconds.
struct PurgeSlowLog: Benchmark {
    let purge: SharedPurge

    let name = "purge-slowlog"

    func measure(runs: Int) async throws -> Figure {
        let pairs = try await purge.observe(min(runs, 3)).map {
            Figure.Pair(value: $0.slowest.inSeconds * 1_000, limit: 5)
        }
        return Figure(name: name, unit: "ms", wanted: 1, pairs: pairs, isTime: true)
    }
}

/// The same beside a script that only counts, as densely and for as long: how much of it is the machine's. Nothing is wanted.
struct PurgeBesideCounting: Benchmark {
    let purge: SharedPurge

    let name = "purge-slowlog-beside-counting"

    func measure(runs: Int) async throws -> Figure {
        let pairs = try await purge.observe(min(runs, 3)).map {
            Figure.Pair(value: $0.slowest.inSeconds * 1_000, limit: $0.slowestCounting.inSeconds * 1_000)
        }
        return Figure(name: name, unit: "ms", wanted: 0, pairs: pairs, isTime: true)
    }
}
