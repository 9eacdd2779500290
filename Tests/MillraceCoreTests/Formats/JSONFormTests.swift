import Foundation
import MillraceCore
import MillraceTesting
import Testing

@Suite struct JSONFormTests {
    /// The published shape, read by an independent decoder.
    private struct Shape: Decodable {
        struct Chunks: Decodable {
            let total: Int
            let completed: Int
            let failed: Int
            let cached: Int
        }

        let text: String
        let language: String?
        let duration: Double
        let segments: [Segment]
        let chunks: Chunks
        let id: String
        let source: String
        let status: String
    }

    @Test("JSON to the byte")
    func golden() {
        let segments = [
            Segment(
                start: 0.1 + 0.2, end: 12.339999999999999, text: "a \"b\"\\",
                words: [Word(start: 0.3, end: 1, text: "a")]),
            Segment(start: 13, end: 14, text: "[missing]", isGap: true),
        ]
        let expected =
            #"{"text":"a \"b\"\\ [missing]","language":"en","duration":60.5,"segments":["#
            + #"{"start":0.3,"end":12.34,"text":"a \"b\"\\","words":[{"start":0.3,"end":1,"text":"a"}]},"#
            + #"{"start":13,"end":14,"text":"[missing]","gap":true}],"#
            + #""chunks":{"total":2,"completed":1,"failed":1,"cached":0},"#
            + #""id":"018f0000-0000-7001-8002-030405060708","source":"/recordings/a.flac","status":"COMPLETED"}"# + "\n"
        #expect(TranscriptFormat.json.render(Transcripts.make(segments, language: "en", duration: 60.5)) == expected)
    }

    @Test("An unknown language is null, no segments are an empty list")
    func empty() {
        let json = TranscriptFormat.json.render(Transcripts.make([], duration: .nan))
        #expect(json.hasPrefix(#"{"text":"","language":null,"duration":0,"segments":[],"#))
    }

    @Test("Every character comes back, and none breaks the line")
    func everyScalar() throws {
        let scalars = (UInt32(0)...0x2_100).compactMap(Unicode.Scalar.init).map(Character.init)
        let text = String(scalars)
        let json = TranscriptFormat.json.render(Transcripts.make([Segment(start: 0, end: 1, text: text)]))
        let shape = try JSONDecoder().decode(Shape.self, from: Data(json.utf8))
        #expect(shape.segments.map(\.text) == [text])
        #expect(json.dropLast().unicodeScalars.allSatisfy { $0.properties.generalCategory != .control })
        #expect(json.split(whereSeparator: \.isNewline).count == 1)
    }

    @Test("Whatever a transcript holds, it is valid JSON on one line with the same content")
    func random() throws {
        var generator = TestSeed.generator()
        for _ in 0..<300 {
            let transcript = RandomTranscript.make(using: &generator)
            let json = TranscriptFormat.json.render(transcript)
            #expect(json == TranscriptFormat.json.render(transcript))
            #expect(json.hasSuffix("}\n") && !json.dropLast().contains(where: \.isNewline))
            let shape = try JSONDecoder().decode(Shape.self, from: Data(json.utf8))
            #expect(shape.text == transcript.text)
            #expect(shape.language == transcript.language)
            #expect(shape.source == transcript.source)
            #expect(shape.id == "\(transcript.id)" && shape.status == transcript.status.rawValue)
            #expect(shape.segments.map(\.text) == transcript.segments.map(\.text))
            #expect(shape.segments.map(\.isGap) == transcript.segments.map(\.isGap))
            #expect(shape.segments.map { $0.words?.map(\.text) } == transcript.segments.map { $0.words?.map(\.text) })
            for (found, given) in zip(shape.segments, transcript.segments)
            where (0...1e9).contains(given.start) && given.end.isFinite {
                #expect(abs(found.start - given.start) <= 0.000_501)
            }
        }
    }
}
