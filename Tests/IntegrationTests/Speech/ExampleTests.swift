import Foundation
import MillraceTesting
import Testing

@Suite(.bounded) struct ExampleTests {
    @Test func `cutting the example recording costs few words`() async throws {
        try await Workplace.with { place in
            let said = try String(contentsOfFile: Recordings.exampleText, encoding: .utf8)
            func heard(_ chunkSeconds: String) async throws -> (rate: WordErrorRate, transcript: PrintedTranscript) {
                let end = try await place.millrace([
                    "transcribe", Recordings.example, "--concurrency", "4", "--chunk-seconds", chunkSeconds,
                    "--format", "json",
                ])
                #expect(end.status == 0, "\(end.errors)")
                let transcript = try #require(end.transcripts().first)
                return (WordErrorRate(said: said, heard: transcript.text), transcript)
            }
            async let one = heard("100000")
            async let half = heard("30")
            let twelve = try await heard("12")
            let (whole, thirty) = try await (one, half)
            for (name, run) in [("one piece", whole), ("30 s", thirty), ("12 s", twelve)] {
                let figure = String(format: "%.2f", run.rate.percent)
                print(
                    "word error rate, \(name): \(figure) % of \(run.rate.words) words, \(run.transcript.chunks.total) chunks"
                )
            }
            #expect(whole.transcript.chunks.total == 1)
            #expect(thirty.transcript.chunks.total >= 4)
            #expect(twelve.transcript.chunks.total >= 10)
            #expect(thirty.rate.percent <= whole.rate.percent + 2)
            #expect(twelve.rate.percent <= whole.rate.percent + 4)

            let start = ContinuousClock.now
            let again = try await heard("30").transcript
            print(
                "second run: \(again.chunks.cached) of \(again.chunks.total) chunks cached, \(ContinuousClock.now - start)"
            )
            #expect(again.chunks.cached == again.chunks.total)
            #expect(again.text == thirty.transcript.text)

            #expect(thirty.transcript.language == "en")
            #expect(abs(thirty.transcript.duration - 141.7) < 0.1)
            let words = thirty.transcript.segments.flatMap { $0.words ?? [] }
            #expect(words.count >= 300)
            #expect(zip(words, words.dropFirst()).allSatisfy { $0.start <= $1.start })
            #expect(words.allSatisfy { 0 <= $0.start && $0.start <= $0.end && $0.end <= thirty.transcript.duration })
        }
    }
}
