internal import MillraceCore

/// Chooses the cuts of least harm in all: the sum over the chunks of the squared deviation from the target, and over
/// the cuts of their costs. So a short rest is joined or the last chunks share the length.
struct CutPlan: Sendable {
    /// Samples that a chunk should have.
    let target: Int64
    /// Samples that no chunk exceeds.
    let limit: Int64
    /// Samples in all.
    let total: Int64

    /// The cuts in samples, in order; `points` must be in order and leave no stretch longer than the limit.
    func choose(from points: [CutPoint]) -> [Int64] {
        // Position 0 is the beginning, the last one the end; a cut of cost 0 each.
        var positions: [Int64] = [0]
        var costs: [Double] = [0]
        for point in points {
            let position = Int64(point.frame) * Int64(SilenceSplitter.frameSize)
            guard position > positions[positions.count - 1], position < total else { continue }
            positions.append(position)
            costs.append(point.cost)
        }
        positions.append(total)
        costs.append(0)

        var best = [Double](repeating: .infinity, count: positions.count)
        var previous = [Int](repeating: 0, count: positions.count)
        best[0] = 0
        var first = 0
        for index in 1..<positions.count {
            while positions[index] - positions[first] > limit { first += 1 }
            for start in first..<index {
                let cost = best[start] + deviation(of: positions[index] - positions[start]) + costs[index]
                if cost < best[index] {
                    best[index] = cost
                    previous[index] = start
                }
            }
        }
        var cuts: [Int64] = []
        var index = previous[positions.count - 1]
        while index > 0 {
            cuts.append(positions[index])
            index = previous[index]
        }
        return cuts.reversed()
    }

    private func deviation(of length: Int64) -> Double {
        let relative = Double(length - target) / Double(target)
        return relative * relative
    }
}
