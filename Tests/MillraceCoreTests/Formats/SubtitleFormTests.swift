import MillraceCore
import MillraceTesting
import Testing

@Suite struct SubtitleFormTests {
    private static let mixed = [
        Segment(start: 0.5, end: 2.25, text: "Fish & chips <b>now</b> --> {here}"),
        Segment(start: 2.25, end: 3, text: "[missing: chunk 1, 00:00:02 to 00:00:03]", isGap: true),
        Segment(start: 360_000, end: 360_001, text: "late\n\nline\u{0}\u{1B}"),
    ]

    private func cues(_ segments: [Segment]) throws -> [ParsedCue] {
        try WebVTTParser.parse(TranscriptFormat.vtt.render(Transcripts.make(segments)))
    }

    @Test("WebVTT to the byte")
    func goldenWebVTT() {
        let expected = """
            WEBVTT

            00:00:00.500 --> 00:00:02.250
            Fish &amp; chips &lt;b&gt;now&lt;/b&gt; --&gt; {here}

            00:00:02.250 --> 00:00:03.000
            [missing: chunk 1, 00:00:02 to 00:00:03]

            100:00:00.000 --> 100:00:01.000
            late line

            """
        #expect(TranscriptFormat.vtt.render(Transcripts.make(Self.mixed)) == expected)
    }

    @Test("SubRip to the byte")
    func goldenSubRip() {
        let expected = """
            1
            00:00:00,500 --> 00:00:02,250
            Fish & chips ‹b›now‹/b› --› (here)

            2
            00:00:02,250 --> 00:00:03,000
            [missing: chunk 1, 00:00:02 to 00:00:03]

            3
            100:00:00,000 --> 100:00:01,000
            late line

            """
        #expect(TranscriptFormat.srt.render(Transcripts.make(Self.mixed)) == expected)
    }

    @Test("A transcript that says nothing has no cues")
    func empty() {
        for segments in [[], [Segment(start: 0, end: 1, text: " \n ")]] {
            #expect(TranscriptFormat.vtt.render(Transcripts.make(segments)) == "WEBVTT\n")
            #expect(TranscriptFormat.srt.render(Transcripts.make(segments)) == "")
        }
    }

    @Test("A long segment is cut by the times of its words, never after more than seven seconds")
    func cutsByWords() throws {
        let words = (0..<16).map { Word(start: Double($0), end: Double($0) + 0.9, text: "word\($0)") }
        let segment = Segment(start: 0, end: 16, text: words.map(\.text).joined(separator: " "), words: words)
        #expect(
            try cues([segment]) == [
                ParsedCue(start: 0, end: 6_900, lines: ["word0 word1 word2 word3 word4 word5 word6"]),
                ParsedCue(start: 7_000, end: 13_900, lines: ["word7 word8 word9 word10", "word11 word12 word13"]),
                ParsedCue(start: 14_000, end: 15_900, lines: ["word14 word15"]),
            ])
    }

    @Test("A pause between words ends a cue")
    func cutsAtPauses() throws {
        let words = [
            Word(start: 0, end: 0.5, text: "one"), Word(start: 0.6, end: 1, text: "two"),
            Word(start: 2, end: 2.5, text: "three"),
        ]
        let segment = Segment(start: 0, end: 3, text: "one, two, three.", words: words)
        #expect(
            try cues([segment]) == [
                ParsedCue(start: 0, end: 1_000, lines: ["one, two,"]),
                ParsedCue(start: 2_000, end: 2_500, lines: ["three."]),
            ])
    }

    @Test("Words that are not those of the text are laid over it by position")
    func unequalWords() throws {
        let words = [Word(start: 0, end: 4, text: "one-two"), Word(start: 6, end: 8, text: "three-four")]
        let segment = Segment(start: 0, end: 8, text: "one two three four", words: words)
        #expect(
            try cues([segment]) == [
                ParsedCue(start: 0, end: 4_000, lines: ["one two"]),
                ParsedCue(start: 6_000, end: 8_000, lines: ["three four"]),
            ])
    }

    @Test("Without the times of words, time is shared out by length")
    func cutsByLength() throws {
        let segment = Segment(start: 10, end: 20, text: "aaaa bbbb cccc dddd")
        #expect(
            try cues([segment]) == [
                ParsedCue(start: 10_000, end: 15_000, lines: ["aaaa bbbb"]),
                ParsedCue(start: 15_000, end: 20_000, lines: ["cccc dddd"]),
            ])
    }

    @Test("A cue that fills a line ends with its sentence")
    func cutsAtSentences() throws {
        let first = "This sentence has about fifty characters in total."
        let found = try cues([Segment(start: 0, end: 5, text: first + " And then it goes on.")])
        #expect(found.map { $0.lines.joined(separator: " ") } == [first, "And then it goes on."])
    }

    @Test("Two lines are as even as they can be")
    func evenLines() throws {
        let found = try cues([
            Segment(start: 0, end: 3, text: "The water comes down from the hills and turns the wheel")
        ])
        #expect(found.map(\.lines) == [["The water comes down from", "the hills and turns the wheel"]])
    }

    @Test("A sentence without blanks is cut at the line's length")
    func noBlanks() throws {
        let text = String(repeating: "語", count: 100)
        let found = try cues([Segment(start: 0, end: 5, text: text)])
        #expect(found.map { $0.lines.map(\.count) } == [[42, 42], [16]])
    }

    @Test("The marker of a gap is shown as long as the gap")
    func gap() throws {
        let gap = Segment(start: 30, end: 60, text: "[missing: chunk 1, 00:00:30 to 00:01:00]", isGap: true)
        #expect(try cues([gap]) == [ParsedCue(start: 30_000, end: 60_000, lines: [gap.text])])
    }

    @Test("Times that overlap or run backwards are mended, and none is lost")
    func mendsTimes() throws {
        let segments = [
            Segment(start: 0, end: 10, text: "a"), Segment(start: 5, end: 5, text: "b"),
            Segment(start: 4, end: 6, text: "c"), Segment(start: .nan, end: .infinity, text: "d"),
            Segment(start: -1, end: -2, text: "e"),
        ]
        #expect(
            try cues(segments).map { [$0.start, $0.end] } == [
                [0, 5_000], [5_000, 5_001], [5_001, 6_000], [6_000, 6_001], [6_001, 6_002],
            ])
    }

    @Test("Whatever a transcript holds, both forms can be read, and every word is there in order")
    func random() throws {
        var generator = TestSeed.generator()
        for _ in 0..<250 {
            try SubtitleCheck.check(RandomTranscript.make(using: &generator))
        }
    }
}
