import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceSpeech

@Suite struct CommandOutputTests {
    private func read(_ text: String, language: String? = nil) throws -> ChunkResult {
        try CommandOutput(Array(text.utf8)).result(duration: 10, language: language)
    }

    private static func segment(_ start: Double, _ end: Double, _ text: String, _ words: [Word]? = nil) -> Segment {
        Segment(start: start, end: end, text: text, words: words)
    }

    @Test(
        arguments: [
            ("", []),
            (" \n\t ", []),
            ("  Hello there.\n", [segment(0, 10, "Hello there.")]),
            ("Two\r\n\r\nlines\u{1B}[0m\u{0}", [segment(0, 10, "Two lines [0m")]),
            ("[music] and more", [segment(0, 10, "[music] and more")]),
            ("{laughs}", [segment(0, 10, "{laughs}")]),
            ("[]", []),
            (#"{"text": " Hello "}"#, [segment(0, 10, "Hello")]),
            (#"{"text": ""}"#, []),
            (#"{"segments": []}"#, []),
            (#"{"segments": [], "text": "all"}"#, [segment(0, 10, "all")]),
            (
                #"{"text": "a b", "segments": [{"start": 1, "end": 2.5, "text": " a", "id": 7}, {"start": 3, "end": 4, "text": "b"}]}"#,
                [segment(1, 2.5, "a"), segment(3, 4, "b")]
            ),
            (
                #"[{"start": 3, "end": 4, "text": "b"}, {"start": 1, "end": 2, "text": "a"}]"#,
                [segment(1, 2, "a"), segment(3, 4, "b")]
            ),
            (
                #"[{"start": -0.5, "end": 99, "text": "wide"}, {"start": 11, "end": 12, "text": "late"}]"#,
                [segment(0, 10, "wide"), segment(10, 10, "late")]
            ),
            (#"[{"start": 0, "end": 1, "text": "  "}]"#, []),
            (
                #"[{"start": 0, "end": 1, "text": "a b", "words": [{"start": 0, "end": 0.4, "word": " a"}, {"start": 0.5, "end": 1, "text": "b"}]}]"#,
                [segment(0, 1, "a b", [Word(start: 0, end: 0.4, text: "a"), Word(start: 0.5, end: 1, text: "b")])]
            ),
            (
                #"[{"start": 0, "end": 1, "words": [{"start": 0, "end": 0.4, "word": "a"}, {"start": 0.5, "end": 1, "word": "b"}]}]"#,
                [segment(0, 1, "a b", [Word(start: 0, end: 0.4, text: "a"), Word(start: 0.5, end: 1, text: "b")])]
            ),
            (
                #"[{"start": 0, "end": 1, "text": "a 7", "words": [{"start": 0, "end": 0.4, "word": "a"}, {"word": "7"}]}]"#,
                [segment(0, 1, "a 7")]
            ),
        ] as [(String, [Segment])])
    func `understands text and JSON`(text: String, segments: [Segment]) throws {
        #expect(try read(text).segments == segments)
    }

    @Test func `takes the language of the answer, or else of the recipe`() throws {
        #expect(try read(#"{"text": "a", "language": "de"}"#, language: "en").language == "de")
        #expect(try read(#"{"text": "a", "language": null}"#, language: "en").language == "en")
        #expect(try read("a", language: "en").language == "en")
        #expect(try read("a").language == nil)
    }

    @Test(arguments: [
        (#"{"segments": [{"start": 0, "end": 1, "text": "cut o"#, "broken JSON"),
        (#"{"text": "a"} trailing"#, "broken JSON"),
        (#"{"result": 1}"#, "neither `segments` nor `text`"),
        ("{}", "neither `segments` nor `text`"),
        (#"{"segments": [{"end": 1, "text": "a"}]}"#, "without `start` at `segments[0]`"),
        (#"[{"start": 0, "end": 1, "text": "a"}, {"start": "0", "end": 1}]"#, "wrong kind at `[1].start`"),
        (#"{"segments": 5}"#, "wrong kind at `segments`"),
        (#"[{"start": 2, "end": 1, "text": "a"}]"#, "make no sense in segment 1"),
        (#"[{"start": 1e999, "end": 1, "text": "a"}]"#, "broken JSON"),
        (
            #"[{"start": 0, "end": 1, "text": "a", "words": [{"start": 1, "end": 0, "word": "a"}]}]"#,
            "a word of segment 1"
        ),
    ])
    func `names what is wrong with an answer`(text: String, part: String) {
        #expect {
            try read(text)
        } throws: {
            let error = $0 as? TranscriptionError
            return error?.code == .badOutput && error?.message.contains(part) == true && error?.isRetryable == false
        }
    }

    @Test func `refuses what is not UTF-8`() {
        #expect {
            try CommandOutput([0x61, 0xFF, 0xFE])
        } throws: {
            "\($0)".contains("not UTF-8")
        }
    }

    @Test func `survives the deepest nesting`() {
        for text in [
            "[{\"a\":" + String(repeating: "[", count: 1_000_000), String(repeating: "{\"a\":", count: 500_000),
        ] {
            #expect(throws: TranscriptionError.self) { try read(text) }
        }
    }

    @Test func `never crashes, and gives only segments that make sense`() throws {
        let seed = TestSeed.value
        var generator = SeededGenerator(seed: seed)
        let good = Array(
            #"{"text":"a b","language":"en","segments":[{"start":0.5,"end":1e1,"text":" a\u00e9","words":[{"start":-1,"end":2,"word":"a"}]},{"start":3,"end":4,"text":"b"}]}"#
                .utf8)
        let spice = Array(#"{}[]",:\u0e+-.129naN"#.utf8)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = spice.randomElement(using: &generator) ?? 0
                case 1 where bytes.count > 1: bytes.remove(at: place)
                case 2: bytes.insert(.random(in: 0...255, using: &generator), at: place)
                default: bytes = Array(bytes.prefix(max(1, place)))
                }
            }
            guard let result = try? CommandOutput(bytes).result(duration: 10, language: nil) else { continue }
            for segment in result.segments {
                #expect(segment.start >= 0 && segment.start <= segment.end && segment.end <= 10, "seed \(seed)")
                #expect(!segment.text.isEmpty && !segment.text.contains("\n"), "seed \(seed)")
            }
        }
    }
}
