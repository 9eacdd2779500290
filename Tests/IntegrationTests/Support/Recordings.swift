import Foundation
import MillraceCore
import MillraceSpeech
import MillraceTesting

/// Recordings for tests.
enum Recordings {
    /// The recording in `Examples`.
    static let example = Program.package + "/Examples/town-meeting.flac"
    /// What is said in it.
    static let exampleText = Program.package + "/Examples/town-meeting.txt"

    /// Writes bursts of noise with pauses between them, each other than all others: 1.5 s a burst and its pause.
    ///
    /// `--chunk-seconds 1.5` makes each a chunk of its own.
    static func bursts(_ count: Int, in place: Workplace, name: String = "bursts.wav", seed: UInt64 = 1) throws
        -> String
    {
        var generator = SeededGenerator(seed: seed)
        var samples: [Int16] = []
        for _ in 0..<count {
            samples += (0..<16_000).map { _ in Int16.random(in: -8_000...8_000, using: &generator) }
            samples += [Int16](repeating: 0, count: 8_000)
        }
        return try write(samples, to: place.path(name))
    }

    /// The options that make each burst a chunk.
    static let burstChunks = ["--chunk-seconds", "1.5"]

    /// Writes the example several times in a row, each 0.05 dB quieter than the one before.
    static func repeatedExample(_ count: Int, in place: Workplace) throws -> String {
        var sound: [Int16] = []
        _ = try AudioFile(path: Self.example).forEachBlock { sound += $0 }
        var samples: [Int16] = []
        for step in 0..<count {
            let gain = pow(10, -0.05 * Double(step) / 20)
            samples += sound.map { Int16((Double($0) * gain).rounded()) }
        }
        return try write(samples, to: place.path("repeated.wav"))
    }

    private static func write(_ samples: [Int16], to path: String) throws -> String {
        try Data(WAVEncoder.encode(AudioChunk(samples: samples))).write(to: URL(fileURLWithPath: path))
        return path
    }
}
