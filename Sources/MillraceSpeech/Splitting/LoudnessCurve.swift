internal import Foundation

/// The loudness of a recording, frame by frame, against the noise and the speech around each frame.
struct LoudnessCurve: Sendable {
    /// A pause is at least 0.2 s long.
    private static let shortestPause = 20
    /// How far around a frame noise and speech are looked for: 30 s either way.
    private static let reach = 3_000
    /// Noise and speech are estimated anew every half second.
    private static let step = 50
    /// Where between noise (0) and speech (1) a pause ends.
    private static let pauseHeight = 0.35

    /// Smoothed over three frames, in quarters of a decibel above the lowest that counts.
    private let levels: [Int16]
    private let floors: [Int16]
    private let peaks: [Int16]

    /// Measures frames by their mean squares.
    init(powers: [Float]) {
        let levels = powers.indices.map { index in
            let near = powers[max(0, index - 1)...min(powers.count - 1, index + 1)]
            // A tenth of the smallest step of a sample: digital silence is no quieter than that.
            return Int16(40 * log10(max(0.1, near.reduce(0, +) / Float(near.count))) + 40)
        }
        self.levels = levels
        (floors, peaks) = Self.surroundings(of: levels)
    }

    /// The stretches of at least 0.2 s that are much nearer to the noise than to the speech around them, in order.
    func pauses() -> [Range<Int>] {
        var pauses: [Range<Int>] = []
        var start = 0
        for index in 0...levels.count {
            if index < levels.count, isQuiet(index) { continue }
            if index - start >= Self.shortestPause { pauses.append(start..<index) }
            start = index + 1
        }
        return pauses
    }

    /// The quietest frame of a stretch, the one nearest to its middle among equals; `nil` for an empty stretch.
    func quietest(in stretch: Range<Int>) -> Int? {
        let middle = (stretch.lowerBound + stretch.upperBound) / 2
        return stretch.min { (levels[$0], abs($0 - middle)) < (levels[$1], abs($1 - middle)) }
    }

    /// How loud a frame is: 0 as the noise around it, 1 as the speech.
    func height(at frame: Int) -> Double {
        let floor = Double(floors[frame / Self.step])
        let peak = Double(peaks[frame / Self.step])
        return peak > floor ? (Double(levels[frame]) - floor) / (peak - floor) : 0
    }

    private func isQuiet(_ frame: Int) -> Bool {
        height(at: frame) < Self.pauseHeight
    }

    /// The level below which a twentieth, and below which nine tenths of the frames around lie, for every half second.
    private static func surroundings(of levels: [Int16]) -> (floors: [Int16], peaks: [Int16]) {
        var histogram = Histogram()
        var floors: [Int16] = []
        var peaks: [Int16] = []
        var lower = 0
        var upper = 0
        for frame in stride(from: 0, to: levels.count, by: step) {
            while upper < min(levels.count, frame + reach) {
                histogram.add(levels[upper])
                upper += 1
            }
            while lower < frame - reach {
                histogram.remove(levels[lower])
                lower += 1
            }
            floors.append(histogram.level(above: 0.05))
            peaks.append(histogram.level(above: 0.9))
        }
        return (floors, peaks)
    }

    /// Counts of levels. Digital silence is left out: it says nothing about the noise where there is sound.
    private struct Histogram {
        private var counts = [Int](repeating: 0, count: 512)
        private var total = 0

        mutating func add(_ level: Int16) {
            guard level > 0 else { return }
            counts[Self.bin(level)] += 1
            total += 1
        }

        mutating func remove(_ level: Int16) {
            guard level > 0 else { return }
            counts[Self.bin(level)] -= 1
            total -= 1
        }

        /// The level that the given share of the frames does not exceed.
        func level(above share: Double) -> Int16 {
            guard total > 0 else { return 0 }
            var left = Int(Double(total) * share)
            for bin in counts.indices {
                left -= counts[bin]
                if left < 0 { return Int16(bin) }
            }
            return Int16(counts.count - 1)
        }

        private static func bin(_ level: Int16) -> Int {
            min(511, max(0, Int(level)))
        }
    }
}
