import MillraceCore
import Testing

@Suite struct TranscriptFormatTests {
    @Test("The names are the extensions of files")
    func names() {
        #expect(TranscriptFormat.allCases.map(\.rawValue) == ["txt", "vtt", "srt", "json"])
        #expect(TranscriptFormat(rawValue: "pdf") == nil)
    }

    @Test("Every form ends with a line feed when it says anything", arguments: TranscriptFormat.allCases)
    func endsWithLineFeed(format: TranscriptFormat) {
        #expect(format.render(Transcripts.make([Segment(start: 0, end: 1, text: "a")])).hasSuffix("\n"))
    }
}
