import Foundation
import Millrace
import MillraceTesting

/// A recording that is cut into chunks of a second: noise, each second another, with a pause around every full second.
struct SpokenSeconds {
    let count: Int

    func write(to path: String) throws {
        var generator = SeededGenerator(seed: 1)
        let rate = SampleRange.sampleRate
        let pause = rate / 8
        var samples: [Int16] = []
        samples.reserveCapacity(count * rate)
        for _ in 0..<count {
            samples += repeatElement(0, count: pause)
            samples += (0..<rate - 2 * pause).map { _ in Int16(truncatingIfNeeded: generator.next()) / 4 }
            samples += repeatElement(0, count: pause)
        }
        try Data(WAVEncoder.encode(AudioChunk(samples: samples))).write(to: URL(fileURLWithPath: path))
    }
}
