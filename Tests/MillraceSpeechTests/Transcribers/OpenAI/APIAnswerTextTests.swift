import Foundation
import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite struct APIAnswerTextTests {
    private func result(_ json: String, language: String? = nil) throws -> ChunkResult {
        try APIAnswerText(Data(json.utf8)).result(duration: 10, language: language)
    }

    @Test func `OpenAI's answer, with its words shared among the segments`() throws {
        let result = try result(
            """
            {"task":"transcribe","language":"english","duration":"9.98","text":"Hello there. Bye.","segments":[\
            {"id":0,"seek":0,"start":0.0,"end":4.0,"text":" Hello there.","tokens":[1],"avg_logprob":-0.2},\
            {"id":1,"seek":0,"start":4.0,"end":12.5,"text":" Bye.","tokens":[2],"temperature":0}],\
            "words":[{"word":"Hello","start":0.1,"end":0.9},{"word":"there","start":1,"end":3.9},\
            {"word":"Bye","start":3.9,"end":5}]}
            """)
        #expect(result.language == "en")
        #expect(
            result.segments == [
                Segment(
                    start: 0, end: 4, text: "Hello there.",
                    words: [Word(start: 0.1, end: 0.9, text: "Hello"), Word(start: 1, end: 3.9, text: "there")]),
                Segment(start: 4, end: 10, text: "Bye.", words: [Word(start: 3.9, end: 5, text: "Bye")]),
            ])
    }

    @Test func `words inside of segments, as other servers have them`() throws {
        let result = try result(
            """
            {"language":"de","segments":[{"start":"0.5","end":"2.0s","text":" Guten Tag",\
            "words":[{"word":" Guten","start":0.5,"end":1,"probability":0.9},{"word":" Tag","start":1,"end":2}]}]}
            """)
        #expect(result.language == "de")
        #expect(
            result.segments == [
                Segment(
                    start: 0.5, end: 2, text: "Guten Tag",
                    words: [Word(start: 0.5, end: 1, text: "Guten"), Word(start: 1, end: 2, text: "Tag")])
            ])
    }

    @Test(
        arguments: [
            #"{"text":" Hello\nthere "}"#, #"{"text":"Hello there","segments":null,"words":null,"usage":{"type":"x"}}"#,
            #"{"text":"Hello there","segments":[]}"#, #"{"text":"Hello there","segments":[{"text":"Hello there"}]}"#,
            #"{"text":"Hello there","segments":"none","language":7}"#,
            #"{"text":"Hello there","segments":[{"start":0,"end":1,"text":"Hello"},{"start":"x","end":2,"text":"t"}]}"#,
            #"{"segments":[{"text":"Hello"},{"text":"there"}]}"#,
        ])
    func `without times that make sense the text is one segment`(json: String) throws {
        #expect(
            try result(json, language: "en")
                == ChunkResult(segments: [Segment(start: 0, end: 10, text: "Hello there")], language: "en"))
    }

    @Test func `times are put in order and kept within the chunk`() throws {
        let result = try result(
            """
            {"text":"c a b","segments":[{"start":8,"end":30,"text":"c"},{"start":-1,"end":2,"text":"a"},\
            {"start":5,"end":3,"text":"b"},{"start":6,"end":7,"text":"  "}]}
            """)
        #expect(result.segments.map(\.text) == ["a", "b", "c"])
        #expect(result.segments.map(\.start) == [0, 5, 8])
        #expect(result.segments.map(\.end) == [2, 5, 10])
    }

    @Test func `silence is a result`() throws {
        for json in [#"{"text":""}"#, #"{"text":" ","segments":[]}"#, #"{"segments":[]}"#] {
            #expect(try result(json, language: "en") == ChunkResult(segments: [], language: "en"))
        }
    }

    @Test(arguments: ["", "Hello", "[]", "{}", #"{"text":7}"#, #"{"text":"a""#, "<html></html>", "null"])
    func `what is no transcription is refused`(body: String) {
        do throws(TranscriptionError) {
            _ = try APIAnswerText(Data(body.utf8))
            Issue.record("\(body) was taken")
        } catch {
            #expect(error.code == .badOutput && !error.isRetryable)
        }
    }

    @Test(
        arguments: [
            ("english", "en"), ("German", "de"), ("Maori", "mi"), ("haitian creole", "ht"), ("nynorsk", "nn"),
            ("bengali", "bn"), ("myanmar", "my"), ("tagalog", "tl"), ("cantonese", "yue"), ("en", "en"),
            ("pt-BR", "pt-BR"), ("klingonish", "klingonish"),
        ])
    func `languages by name become codes`(name: String, code: String) throws {
        #expect(try result(#"{"text":"a","language":"\#(name)"}"#).language == code)
    }
}
