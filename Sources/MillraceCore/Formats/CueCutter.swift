/// Cuts the segments of a transcript into cues that can be read while they are shown.
///
/// A cue has at most two lines of 42 characters and lasts at most 7 s. It ends early at a pause, and at the end of a
/// sentence once it fills a line. Words are cut only when they are longer than a line, as whole sentences of some
/// scripts are. Only a single word, or the marker of a gap, is shown for longer than 7 s.
struct CueCutter {
    /// The most characters of a line.
    static let lineLength = 42
    /// The longest that several words are shown, in milliseconds.
    static let longestCue: Int64 = 7_000
    /// A pause between two words that ends a cue, in milliseconds.
    private static let pause: Int64 = 1_000

    private var cues: [Cue] = []

    /// The cues of all segments that say anything, each beginning behind the one before and ending by the next.
    static func cues(of segments: [Segment]) -> [Cue] {
        var cutter = CueCutter()
        for segment in segments {
            cutter.add(segment)
        }
        return inOrder(cutter.cues)
    }

    private mutating func add(_ segment: Segment) {
        var shown: [TimedWord] = []
        for word in TimedWord.words(of: segment, startingBy: cues.last?.end ?? .zero) {
            if !shown.isEmpty, endsCue(shown, before: word, isGap: segment.isGap) {
                show(shown)
                shown = []
            }
            shown.append(word)
        }
        show(shown)
    }

    private func endsCue(_ shown: [TimedWord], before word: TimedWord, isGap: Bool) -> Bool {
        guard let first = shown.first, let last = shown.last else { return false }
        if Self.firstLine(of: shown + [word]) == nil { return true }
        if isGap { return false }
        if word.end - first.start > Self.longestCue || word.start - last.end >= Self.pause { return true }
        return SpokenText.endsSentence(last.text) && Self.length(of: shown[...]) >= Self.lineLength
    }

    private mutating func show(_ words: [TimedWord]) {
        guard let first = words.first, let last = words.last else { return }
        let count = Self.firstLine(of: words) ?? words.count
        let lines = [words.prefix(count), words.dropFirst(count)].filter { !$0.isEmpty }
        cues.append(
            Cue(
                start: first.start, end: last.end,
                lines: lines.map { $0.map(\.text).joined(separator: " ") }))
    }

    /// How many of the words stand in the first line: all if they fit, else so many that the lines are most alike;
    /// `nil` when two lines do not hold them.
    private static func firstLine(of words: [TimedWord]) -> Int? {
        if length(of: words[...]) <= lineLength { return words.count }
        return words.indices.dropFirst()
            .map { (count: $0, longer: max(length(of: words[..<$0]), length(of: words[$0...]))) }
            .filter { $0.longer <= lineLength }
            .min { $0.longer < $1.longer }?.count
    }

    private static func length(of words: ArraySlice<TimedWord>) -> Int {
        words.reduce(words.count - 1) { $0 + $1.text.count }
    }

    /// Mends times that overlap or run backwards; a cue that is out of order is shown late rather than not at all.
    private static func inOrder(_ cues: [Cue]) -> [Cue] {
        var cues = cues
        for index in cues.indices {
            if index > 0 {
                cues[index].start = max(cues[index].start, cues[index - 1].start + 1)
                cues[index - 1].end = min(cues[index - 1].end, cues[index].start)
            }
            cues[index].end = max(cues[index].end, cues[index].start + 1)
        }
        return cues
    }
}
