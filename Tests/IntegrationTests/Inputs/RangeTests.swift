import Foundation
import Testing

@Suite(.bounded) struct RangeTests {
    @Test func `a part is transcribed with the times of the whole`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(6, in: place)
            let options = ["--format", "json"] + Recordings.burstChunks + engine.options
            let whole = try #require(try await place.millrace(["transcribe", file] + options).transcripts().first)
            let starts = try engine.starts().count
            let (from, to) = (whole.segments[2].start, whole.segments[5].start)
            let seconds = ["--start", "\(from)", "--end", "\(to)"]
            let clock = ["--start", String(format: "0:00:%06.3f", from), "--end", String(format: "0:%06.3f", to)]
            for part in [seconds, clock] {
                let end = try await place.millrace(["transcribe", file] + part + options)
                #expect(end.status == 0, "\(end.errors)")
                let transcript = try #require(try end.transcripts().first)
                #expect(transcript.segments.map(\.start) == whole.segments[2..<5].map(\.start))
                #expect(transcript.segments.map(\.text) == whole.segments[2..<5].map(\.text))
                #expect(transcript.duration == 9)
                // The same sound has the same key, wherever it was cut from.
                #expect(transcript.chunks == .init(total: 3, completed: 3, failed: 0, cached: 3))
            }
            #expect(try engine.starts().count == starts)
            #expect(try await StoreContents(path: place.store).count("processing_tasks") == 3)
        }
    }

    @Test(
        arguments: [
            (["--start", "9"], 1, "is 0:00:09.000 long and does not reach to 0:00:09.000"),
            (["--start", "1:00:00"], 1, "does not reach to 1:00:00.000"),
            (["--end", "9.001"], 1, "does not reach to 0:00:09.001"),
            (["--start", "3", "--end", "3"], 64, "must end after it begins"),
            (["--start", "3", "--end", "2"], 64, "must end after it begins"),
            (["--start", "1:60"], 64, "'1:60' is invalid for '--start <time>'"),
            (["--start", "soon"], 64, "'soon' is invalid for '--start <time>'"),
            (["--start=-1"], 64, "'-1' is invalid for '--start <time>'"),
        ])
    func `a part that is not there is refused before anything is stored`(part: [String], status: Int32, says: String)
        async throws
    {
        try await Workplace.with { place in
            let file = try Recordings.bursts(6, in: place)
            let end = try await place.millrace(["transcribe", file, "--command", "cksum"] + part)
            #expect(end.status == status)
            #expect(end.errorLines.count == 1 && end.errors.contains(says), "\(end.errors)")
            #expect(try await StoreContents(path: place.store).workRows() == 0)
        }
    }
}
