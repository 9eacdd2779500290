/// A word as it is shown, with its time: at most a line long.
struct TimedWord: Hashable, Sendable {
    var text: String
    var start: MediaTime
    var end: MediaTime

    /// The words of a segment's text, in order, within the segment's time.
    ///
    /// Times come from the segment's words where it has any. Those need not be the words of its text (engines leave
    /// out punctuation, or join words), so they are laid over one another by position. Without them, time is
    /// shared out by length. A segment whose start is not a number begins at `fallback`.
    static func words(of segment: Segment, startingBy fallback: MediaTime) -> [TimedWord] {
        let texts = SpokenText.words(of: segment.text)
        guard !texts.isEmpty else { return [] }
        let start = MediaTime(seconds: segment.start) ?? fallback
        let whole = Span(start: start, end: max(start, MediaTime(seconds: segment.end) ?? start))
        let spoken = spans(of: segment.isGap ? [] : segment.words ?? [], within: whole)
        let spans = spoken.isEmpty ? whole.shared(by: texts.map(\.count)) : overlay(spoken, on: texts.count)
        return zip(texts, spans).flatMap { text, span in
            let parts = lines(of: text)
            return zip(parts, span.shared(by: parts.map(\.count))).map {
                TimedWord(text: $0, start: $1.start, end: $1.end)
            }
        }
    }

    private struct Span {
        var start: MediaTime
        var end: MediaTime

        func time(at part: Double) -> MediaTime {
            start + Int64(Double(end - start) * part)
        }

        /// Cuts the span in proportion to lengths; a blank counts as one more.
        func shared(by lengths: [Int]) -> [Span] {
            let total = Double(lengths.reduce(0) { $0 + $1 + 1 })
            var passed = 0
            return lengths.map { length in
                let from = time(at: Double(passed) / total)
                passed += length + 1
                return Span(start: from, end: time(at: Double(passed) / total))
            }
        }
    }

    /// The times of spoken words, made to ascend and kept within their segment.
    private static func spans(of words: [Word], within whole: Span) -> [Span] {
        var latest = whole.start
        return words.filter { !SpokenText.words(of: $0.text).isEmpty }.map { word in
            let start = min(whole.end, max(latest, MediaTime(seconds: word.start) ?? latest))
            let end = min(whole.end, max(start, MediaTime(seconds: word.end) ?? start))
            latest = end
            return Span(start: start, end: end)
        }
    }

    /// Lays spoken words over so many shown ones, evenly; one to one when there are as many.
    private static func overlay(_ spoken: [Span], on count: Int) -> [Span] {
        (0..<count).map { index in
            let (first, from) = (index * spoken.count).quotientAndRemainder(dividingBy: count)
            let (next, to) = ((index + 1) * spoken.count).quotientAndRemainder(dividingBy: count)
            let start = spoken[first].time(at: Double(from) / Double(count))
            let end = to == 0 ? spoken[next - 1].end : spoken[next].time(at: Double(to) / Double(count))
            return Span(start: start, end: max(start, end))
        }
    }

    private static func lines(of text: String) -> [String] {
        guard text.count > CueCutter.lineLength else { return [text] }
        var lines: [String] = []
        var rest = text[...]
        while !rest.isEmpty {
            lines.append(String(rest.prefix(CueCutter.lineLength)))
            rest = rest.dropFirst(CueCutter.lineLength)
        }
        return lines
    }
}
