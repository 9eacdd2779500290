import Limits
import Millrace

/// Counts by the counter of a collector that the caller keeps, beside a bare atomic number.
struct HeldCounter: Benchmark {
    let name = "held-counter"

    private static let count = 100_000_000

    func measure(runs: Int) async throws -> Figure {
        let collector = MetricsCollector(id: .make(at: SystemWallClock().now()))
        let counter = try collector.counter("bench_events_total")
        let bare = BareCounter()
        let pairs = try await pairs(
            runs,
            ours: {
                let before = counter.value
                return try await rate(of: Self.count) {
                    for _ in 0..<Self.count { counter.increment() }
                    return Int(counter.value - before)
                }
            },
            limit: {
                let before = bare.value
                return try await rate(of: Self.count) {
                    bare.add(times: Self.count)
                    return bare.value - before
                }
            })
        return Figure(name: name, unit: "additions/s", wanted: 0.5, pairs: pairs)
    }
}
