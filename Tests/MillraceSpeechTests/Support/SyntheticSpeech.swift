import Foundation
import MillraceCore
import MillraceTesting

/// Bursts of noise with pauses between them, at known places.
struct SyntheticSpeech {
    private(set) var samples: [Int16] = []
    /// The pauses between bursts, in samples.
    private(set) var pauses: [Range<Int>] = []
    private var generator: SeededGenerator
    private let noise: Double

    /// Noise as loud as `noise` lies under everything.
    init(seed: UInt64, noise: Double = 0) {
        generator = SeededGenerator(seed: seed)
        self.noise = noise
    }

    /// Speech of that length at least, with pauses of the given lengths in seconds.
    static func make(
        seed: UInt64, seconds: Double, noise: Double = 0, volume: Double = 4_000,
        pauses: ClosedRange<Double> = 0.3...0.9
    ) -> SyntheticSpeech {
        var speech = SyntheticSpeech(seed: seed, noise: noise)
        var generator = SeededGenerator(seed: seed &+ 1)
        while Double(speech.samples.count) < seconds * 16_000 {
            speech.speak(seconds: .random(in: 1...5, using: &generator), volume: volume)
            speech.pause(seconds: .random(in: pauses, using: &generator))
        }
        return speech
    }

    mutating func speak(seconds: Double, volume: Double = 4_000) {
        for index in 0..<Int(seconds * 16_000) {
            // Syllables: four a second, the quietest moments a tenth of the loudest.
            let syllable = 0.55 + 0.45 * sin(Double(index) / 16_000 * 2 * .pi * 4)
            append(volume: volume * syllable)
        }
    }

    mutating func pause(seconds: Double) {
        let start = samples.count
        for _ in 0..<Int(seconds * 16_000) { append(volume: 0) }
        pauses.append(start..<samples.count)
    }

    private mutating func append(volume: Double) {
        let value =
            Double.random(in: -1...1, using: &generator) * volume
            + Double.random(in: -1...1, using: &generator) * noise
        samples.append(Int16(max(-32_768, min(32_767, value.rounded()))))
    }
}
