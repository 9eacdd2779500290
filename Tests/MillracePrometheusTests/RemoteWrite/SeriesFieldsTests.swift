import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

@Suite("The fields of a body")
struct SeriesFieldsTests {
    @Test("are found again: labels, samples and times")
    func found() throws {
        var random = TestSeed.generator()
        for _ in 0..<50 {
            let samples = (0..<Int.random(in: 0...30, using: &random)).map { _ in RandomSamples.sample(using: &random) }
            var encoder = SeriesEncoder()
            for sample in samples { encoder.append(sample) }
            let body = encoder.take()
            let fields = try #require(SeriesFields.read(body))
            #expect(fields.map { Array(body[$0.labels]) } == samples.map { EncodedSeries($0.series).labels })
            #expect(fields.map { $0.samples.map(\.time) } == samples.map { [SeriesEncoder.milliseconds(of: $0.time)] })
            #expect(fields.flatMap { body[$0.range] } == body)
        }
    }

    @Test("are nil when a body is cut off anywhere but between two, or is anything else, and never a crash")
    func damaged() {
        var random = TestSeed.generator()
        var encoder = SeriesEncoder()
        var ends: Set<Int> = [0]
        for _ in 0..<4 {
            encoder.append(RandomSamples.sample(using: &random))
            ends.insert(encoder.byteCount)
        }
        let body = encoder.take()
        let cuts =
            body.count < 3_000
            ? Array(0..<body.count) : (0..<500).map { _ in Int.random(in: 0..<body.count, using: &random) }
        for count in cuts where !ends.contains(count) {
            #expect(SeriesFields.read(Array(body[..<count])) == nil)
        }
        for _ in 0..<5_000 {
            var bytes = Array(body.prefix(200))
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            for field in SeriesFields.read(bytes) ?? [] {
                #expect(field.range.upperBound <= bytes.count && field.range.contains(field.labels.lowerBound))
            }
        }
    }
}
