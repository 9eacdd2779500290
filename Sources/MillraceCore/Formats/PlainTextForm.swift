/// Plain text in paragraphs, separated by blank lines.
///
/// A paragraph ends at a long pause; else after a few segments, at the end of a sentence if one is near. The marker of
/// a gap stands alone.
enum PlainTextForm {
    /// A pause of this length begins a paragraph, in milliseconds.
    private static let longPause: Int64 = 2_000
    /// From this many segments on, a paragraph ends with the next sentence.
    private static let fewSegments = 5
    /// A paragraph has no more segments than this: some engines know no full stop.
    private static let manySegments = 10

    static func render(_ transcript: Transcript) -> String {
        var paragraphs: [String] = []
        var present: [String] = []
        var previousEnd: MediaTime?

        func endParagraph() {
            if !present.isEmpty { paragraphs.append(present.joined(separator: " ")) }
            present = []
        }

        for segment in transcript.segments {
            let line = SpokenText.line(of: segment.text)
            guard !line.isEmpty else { continue }
            let start = MediaTime(seconds: segment.start)
            let followsPause = start.flatMap { start in previousEnd.map { start - $0 >= longPause } } ?? false
            if segment.isGap || followsPause || isFull(present) { endParagraph() }
            present.append(line)
            if segment.isGap { endParagraph() }
            previousEnd = MediaTime(seconds: segment.end) ?? start ?? previousEnd
        }
        endParagraph()
        if paragraphs.isEmpty {
            let line = SpokenText.line(of: transcript.text)
            return line.isEmpty ? "" : line + "\n"
        }
        return paragraphs.joined(separator: "\n\n") + "\n"
    }

    private static func isFull(_ paragraph: [String]) -> Bool {
        guard paragraph.count >= fewSegments, let last = paragraph.last else { return false }
        return paragraph.count >= manySegments || SpokenText.endsSentence(last)
    }
}
