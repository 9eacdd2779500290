import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct SilenceSplitterTests {
    private func split(_ samples: some Sequence<Int16>, target: Double) throws -> [SampleRange] {
        var splitter = SilenceSplitter(settings: try ChunkSettings(targetSeconds: target))
        splitter.feed(samples)
        return splitter.ranges()
    }

    /// The cuts between the ranges, which must be a partition within the limit.
    private func cuts(
        _ ranges: [SampleRange], of count: Int, settings: ChunkSettings,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> [Int] {
        #expect(ranges.first?.start == 0, sourceLocation: sourceLocation)
        #expect(ranges.last?.end == Int64(count), sourceLocation: sourceLocation)
        for (left, right) in zip(ranges, ranges.dropFirst()) {
            #expect(left.end == right.start, sourceLocation: sourceLocation)
        }
        for range in ranges {
            #expect(range.count > 0 && range.count <= settings.maximumSamples, sourceLocation: sourceLocation)
        }
        return ranges.dropFirst().map { Int($0.start) }
    }

    @Test func `cuts nothing out of nothing, and one piece out of little`() throws {
        #expect(try split([], target: 30) == [])
        #expect(try split([5], target: 30) == [SampleRange(uncheckedStart: 0, end: 1)])
        let samples = SyntheticSpeech.make(seed: 1, seconds: 28).samples.prefix(29 * 16_000)
        #expect(try split(samples, target: 30) == [SampleRange(uncheckedStart: 0, end: Int64(samples.count))])
    }

    @Test func `leaves a recording in one piece when it is told to`() throws {
        let samples = SyntheticSpeech.make(seed: 1, seconds: 100).samples
        let ranges = try split(samples, target: ChunkSettings.onePieceSeconds)
        #expect(ranges == [SampleRange(uncheckedStart: 0, end: Int64(samples.count))])
    }

    @Test(arguments: [
        (30.0, 0.0, 4_000.0), (12, 0, 4_000), (12, 100, 4_000), (12, 400, 4_000), (12, 30, 300), (3, 0, 20_000),
    ])
    func `cuts in the middle of pauses, near the target`(target: Double, noise: Double, volume: Double) throws {
        let seed = TestSeed.value
        let speech = SyntheticSpeech.make(seed: seed, seconds: 150, noise: noise, volume: volume)
        let settings = try ChunkSettings(targetSeconds: target)
        let ranges = try split(speech.samples, target: target)
        let cuts = cuts(ranges, of: speech.samples.count, settings: settings)
        #expect(Double(cuts.count + 1) >= 150 / target / 1.6)
        // The pause at the end has no middle to cut. When what follows the last one that has is too long for one piece, it is
        // cut where it is quiet.
        let last = speech.pauses.dropLast().last.map { ($0.lowerBound + $0.upperBound) / 2 } ?? 0
        let isTooLong = Int64(speech.samples.count - last + 1_600) >= settings.maximumSamples
        for cut in cuts {
            let pause = speech.pauses.first { $0.contains(cut) }
            let found = try #require(pause, "cut inside speech at \(cut), seed \(seed)")
            if isTooLong, cut >= last { continue }
            #expect(abs((found.lowerBound + found.upperBound) / 2 - cut) <= 1_600, "seed \(seed)")
        }
        if target >= 12 {
            for range in ranges { #expect((0.5...1.5).contains(Double(range.count) / target / 16_000)) }
        }
    }

    @Test func `does not depend on the blocks it is fed with`() throws {
        let seed = TestSeed.value
        var generator = SeededGenerator(seed: seed)
        let samples = SyntheticSpeech.make(seed: seed, seconds: 60, noise: 50).samples.dropLast(77)
        let expected = try split(samples, target: 7)
        for _ in 0..<5 {
            var splitter = SilenceSplitter(settings: try ChunkSettings(targetSeconds: 7))
            var rest = samples[...]
            while !rest.isEmpty {
                let count = Int.random(in: 1...(Bool.random(using: &generator) ? 10 : 100_000), using: &generator)
                splitter.feed(rest.prefix(count))
                rest = rest.dropFirst(count)
                // Asking in between must not disturb.
                if count > 50_000 { _ = splitter.ranges() }
            }
            #expect(splitter.sampleCount == Int64(samples.count))
            #expect(splitter.ranges() == expected, "seed \(seed)")
        }
    }

    @Test(arguments: [0.0, 60])
    func `cuts the same recording at another volume in the same pauses`(noise: Double) throws {
        let speech = SyntheticSpeech.make(seed: 11, seconds: 150, noise: noise)
        let settings = try ChunkSettings(targetSeconds: 12)
        let expected = cuts(try split(speech.samples, target: 12), of: speech.samples.count, settings: settings)
        // 40 steps of -0.05 dB, and one of -20 dB.
        for step in [1, 2, 5, 10, 20, 40, 400] {
            let gain = pow(10, -0.05 * Double(step) / 20)
            let samples = speech.samples.map { Int16((Double($0) * gain).rounded()) }
            let cuts = cuts(try split(samples, target: 12), of: samples.count, settings: settings)
            #expect(cuts.count == expected.count)
            // A pause may begin or end a frame or two later when its edge fades.
            for (cut, other) in zip(cuts, expected) { #expect(abs(cut - other) <= 480, "step \(step)") }
        }
    }

    @Test func `cuts at the quietest place where nobody pauses`() throws {
        var speech = SyntheticSpeech(seed: 5)
        speech.speak(seconds: 17)
        speech.speak(seconds: 0.05, volume: 20)
        speech.speak(seconds: 14)
        let settings = try ChunkSettings(targetSeconds: 10)
        let cuts = cuts(try split(speech.samples, target: 10), of: speech.samples.count, settings: settings)
        #expect(cuts.contains { abs($0 - 17 * 16_000 - 400) <= 480 })
    }

    @Test func `uses a far pause rather than cut inside speech`() throws {
        var speech = SyntheticSpeech(seed: 6)
        speech.speak(seconds: 4)
        speech.pause(seconds: 0.3)
        speech.speak(seconds: 15)
        speech.pause(seconds: 0.3)
        speech.speak(seconds: 16)
        let settings = try ChunkSettings(targetSeconds: 10)
        let cuts = cuts(try split(speech.samples, target: 10), of: speech.samples.count, settings: settings)
        #expect(cuts.count == 2)
        for cut in cuts { #expect(speech.pauses.contains { $0.contains(cut) }) }
    }

    @Test func `leaves no crumb at the end`() throws {
        var speech = SyntheticSpeech(seed: 7)
        for _ in 0..<6 {
            speech.speak(seconds: 9.6)
            speech.pause(seconds: 0.4)
        }
        speech.speak(seconds: 1)
        let ranges = try split(speech.samples, target: 10)
        #expect(ranges.count == 6)
        #expect(ranges.allSatisfy { $0.count > 9 * 16_000 })
    }

    @Test(arguments: [0, 3])
    func `cuts long silence and steady noise too`(noise: Int16) throws {
        let samples = (0..<100 * 16_000).map { $0.isMultiple(of: 2) ? noise : -noise }
        let settings = try ChunkSettings(targetSeconds: 10)
        let cuts = cuts(try split(samples, target: 10), of: samples.count, settings: settings)
        #expect((8...10).contains(cuts.count))
    }

    @Test func `hears pauses in noise beside digital silence`() throws {
        var noisy = SyntheticSpeech.make(seed: 8, seconds: 60, noise: 200)
        let pauses = noisy.pauses
        let count = noisy.samples.count
        noisy = SyntheticSpeech.make(seed: 8, seconds: 60, noise: 200)
        let samples = noisy.samples + [Int16](repeating: 0, count: 20 * 16_000)
        let ranges = try split(samples, target: 10)
        for cut in cuts(ranges, of: samples.count, settings: try ChunkSettings(targetSeconds: 10)) where cut < count {
            #expect(pauses.contains { $0.contains(cut) })
        }
    }

    @Test func `keeps every limit on any sound`() throws {
        let seed = TestSeed.value
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<40 {
            var samples: [Int16] = []
            while samples.count < 400_000, Int.random(in: 0..<30, using: &generator) > 0 {
                let volume = Int16.random(in: 0...(Bool.random(using: &generator) ? 5 : 32_000), using: &generator)
                let length = Int.random(in: 1...60_000, using: &generator)
                samples += (0..<length).map { _ in Int16.random(in: -volume...volume, using: &generator) }
            }
            let settings = try ChunkSettings(targetSeconds: .random(in: 1...5, using: &generator))
            var splitter = SilenceSplitter(settings: settings)
            splitter.feed(samples)
            if samples.isEmpty {
                #expect(splitter.ranges() == [])
            } else {
                _ = cuts(splitter.ranges(), of: samples.count, settings: settings)
            }
        }
    }

    @Test func `keeps the limit of bytes where the target is beyond it`() throws {
        // 1,000 s is meant, 781 s fit into 25 MB; frames are counted without making so much sound.
        let settings = try ChunkSettings(targetSeconds: 1_000)
        let plan = CutPlan(target: 16_000_000, limit: settings.maximumSamples, total: 40_000_000)
        let points = stride(from: 100, to: 250_000, by: 900).map { CutPoint(frame: $0, cost: 0.1) }
        let cuts = plan.choose(from: points)
        let edges = [0] + cuts + [40_000_000]
        #expect(zip(edges, edges.dropFirst()).allSatisfy { $1 - $0 <= settings.maximumSamples })
        #expect(cuts.count == 3)
    }
}
