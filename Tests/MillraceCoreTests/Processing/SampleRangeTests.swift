import Foundation
import MillraceCore
import Testing

@Suite struct SampleRangeTests {
    @Test("A stretch counts samples and seconds")
    func measures() throws {
        let range = try SampleRange(start: 8_000, end: 24_000)
        #expect(range.count == 16_000 && range.startSeconds == 0.5 && range.endSeconds == 1.5)
        #expect(try SampleRange(start: 0, end: 0).count == 0)
        #expect(try SampleRange(start: 5, end: 5).count == 0)
    }

    @Test(
        "What is no stretch is refused",
        arguments: [(-1, 0), (1, 0), (Int64.min, Int64.max), (-2, -1)] as [(Int64, Int64)])
    func refuses(start: Int64, end: Int64) {
        #expect(throws: InvalidValue("sample range", "\(start)..<\(end) is not a stretch of a recording")) {
            try SampleRange(start: start, end: end)
        }
    }

    @Test("A recording has the name of its file and its length in seconds")
    func source() {
        let hash = ContentHash(of: Data())
        #expect(RecordingSource(path: "/a/b c.wav", hash: hash, sampleCount: 24_000).name == "b c.wav")
        #expect(RecordingSource(path: "/", hash: hash, sampleCount: 0).name == "/")
        #expect(RecordingSource(path: "/a", hash: hash, sampleCount: 24_000).durationSeconds == 1.5)
        #expect(AudioChunk(samples: [Int16](repeating: 0, count: 4_000)).durationSeconds == 0.25)
    }
}
