/// Something that can be measured beside its limit.
protocol Benchmark {
    /// The name of its figure.
    var name: String { get }

    /// Measures so many pairs.
    func measure(runs: Int) async throws -> Figure
}

/// A measurement that came to nothing, because what was measured did not do its work.
struct BenchmarkFailure: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// Measures ours and the limit so many times in turn, after one time each that does not count.
///
/// Which goes first changes from pair to pair, so that neither always finds the machine as the other left it.
func pairs(
    _ count: Int, warmsUp: Bool = true, ours: () async throws -> Double, limit: () async throws -> Double
) async throws -> [Figure.Pair] {
    if warmsUp {
        _ = try await ours()
        _ = try await limit()
    }
    var pairs: [Figure.Pair] = []
    for index in 0..<count {
        if index.isMultiple(of: 2) {
            let value = try await ours()
            pairs.append(Figure.Pair(value: value, limit: try await limit()))
        } else {
            let limit = try await limit()
            pairs.append(Figure.Pair(value: try await ours(), limit: limit))
        }
    }
    return pairs
}
