import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct RecordingRangeTests {
    @Test func `is what lies between two times, to the sample`() throws {
        let range = try RecordingRange(start: .milliseconds(1_500), end: .seconds(3))
        #expect(try range.samples(of: 160_000, name: "a") == SampleRange(start: 24_000, end: 48_000))
        #expect(try RecordingRange.whole.samples(of: 5, name: "a") == SampleRange(start: 0, end: 5))
        #expect(
            try RecordingRange(start: .seconds(9)).samples(of: 160_000, name: "a")
                == SampleRange(start: 144_000, end: 160_000))
        #expect(
            try RecordingRange(start: .nanoseconds(1), end: .nanoseconds(2)).samples(of: 5, name: "a")
                == SampleRange(start: 0, end: 1))
    }

    @Test func `refuses what no recording has`() {
        #expect(throws: InvalidValue.self) { try RecordingRange(start: .seconds(-1)) }
        #expect(throws: InvalidValue.self) { try RecordingRange(start: .seconds(2), end: .seconds(2)) }
        #expect(throws: InvalidValue.self) { try RecordingRange(start: .seconds(36_000_001)) }
        #expect(throws: InvalidValue.self) { try RecordingRange(end: .seconds(Int64.max)) }
    }

    @Test(arguments: [
        (10, nil, "0:00:10.000"), (11, 12, "0:00:11.000"), (1, 11, "0:00:11.000"), (0, 3_723, "1:02:03.000"),
    ])
    func `says how long the recording is, and what was asked for`(start: Int, end: Int?, asked: String) throws {
        let range = try RecordingRange(start: .seconds(start), end: end.map { .seconds($0) })
        let error = #expect(throws: TranscriptionError.self) { try range.samples(of: 160_000, name: "a.wav") }
        #expect(error?.code == .outOfRange)
        #expect(
            error?.message == "a.wav: is 0:00:10.000 long and does not reach to \(asked); ask for a part of it")
    }
}
