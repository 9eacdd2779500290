import MillraceCore
import MillraceTesting
import Testing

@Suite struct PlainTextFormTests {
    private func text(_ segments: [Segment]) -> String {
        TranscriptFormat.txt.render(Transcripts.make(segments))
    }

    private func run(_ count: Int, of text: String) -> [Segment] {
        (0..<count).map { Segment(start: Double($0), end: Double($0) + 1, text: text) }
    }

    @Test("A transcript that says nothing is no text")
    func empty() {
        #expect(text([]) == "")
        #expect(text([Segment(start: 0, end: 1, text: " \n\u{0}")]) == "")
    }

    @Test("Segments are joined by blanks, and a pause of two seconds begins a paragraph")
    func pauses() {
        let segments = [
            Segment(start: 0, end: 1, text: "one"), Segment(start: 2.999, end: 4, text: " two\n"),
            Segment(start: 6, end: 7, text: "three"),
        ]
        #expect(text(segments) == "one two\n\nthree\n")
    }

    @Test("From five segments on, a paragraph ends with a sentence")
    func sentences() {
        let segments = run(4, of: "a.") + run(2, of: "b") + run(1, of: "c.”") + run(1, of: "d")
        #expect(text(segments) == "a. a. a. a. b b c.”\n\nd\n")
    }

    @Test("Without full stops, a paragraph has ten segments")
    func noFullStops() {
        #expect(text(run(11, of: "a")) == "a a a a a a a a a a\n\na\n")
    }

    @Test("The marker of a gap stands alone")
    func gaps() {
        let gap = Segment(start: 1, end: 2, text: "[missing: chunk 1]", isGap: true)
        let segments = [
            Segment(start: 0, end: 1, text: "a"), gap, gap, Segment(start: 2, end: 3, text: "b"),
        ]
        #expect(text(segments) == "a\n\n[missing: chunk 1]\n\n[missing: chunk 1]\n\nb\n")
    }

    @Test("Times that are no numbers make no paragraph")
    func strangeTimes() {
        let segments = [
            Segment(start: .nan, end: .infinity, text: "a"), Segment(start: 1, end: .nan, text: "b"),
            Segment(start: 2, end: 3, text: "c"),
        ]
        #expect(text(segments) == "a b c\n")
    }

    @Test("Without segments, the whole text is written")
    func withoutSegments() {
        var transcript = Transcripts.make([])
        transcript.text = "only  text"
        #expect(TranscriptFormat.txt.render(transcript) == "only text\n")
    }

    @Test("Whatever a transcript holds, its words are there in order, in clean lines")
    func random() {
        var generator = TestSeed.generator()
        for _ in 0..<250 {
            let transcript = RandomTranscript.make(using: &generator)
            let text = TranscriptFormat.txt.render(transcript)
            #expect(SubtitleCheck.visible(text) == SubtitleCheck.visible(transcript.text))
            #expect(text.isEmpty || text.hasSuffix("\n") && !text.hasSuffix("\n\n"))
            #expect(!text.contains("\n\n\n"))
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control })
        }
    }
}
