package import MillraceCore

/// What subtitles must be whatever a transcript holds: readable, whole, in order, and short enough to be read.
package enum SubtitleCheck {
    /// Writes a transcript in both forms and reads them again.
    ///
    /// - Throws: ``ContractViolation`` or ``ParseFailure``, which say what is wrong.
    package static func check(_ transcript: Transcript) throws {
        let said = visible(transcript.text)
        let cues = try WebVTTParser.parse(TranscriptFormat.vtt.render(transcript))
        try requireEqual(visible(cues.flatMap(\.lines).joined()), said, "the words of WebVTT")
        let subRip = try SubRipParser.parse(TranscriptFormat.srt.render(transcript))
        try requireEqual(visible(subRip.flatMap(\.lines).joined()), lookAlike(said), "the words of SubRip")
        try requireEqual(subRip.map { [$0.start, $0.end] }, cues.map { [$0.start, $0.end] }, "the times of SubRip")
        try check(cues, hasGaps: transcript.segments.contains(where: \.isGap))
    }

    /// The characters that must be seen, in order: no blanks, which forms may move, and no control characters.
    package static func visible(_ text: String) -> String {
        var visible = String.UnicodeScalarView()
        for scalar in text.unicodeScalars
        where !scalar.properties.isWhitespace && scalar.properties.generalCategory != .control {
            visible.append(scalar)
        }
        return String(visible)
    }

    private static func lookAlike(_ text: String) -> String {
        let pairs: [Character: Character] = ["<": "‹", ">": "›", "{": "(", "}": ")"]
        // By scalars, for a mark that follows one of these joins it to one character.
        return String(
            String.UnicodeScalarView(text.unicodeScalars.map { pairs[Character($0)]?.unicodeScalars.first ?? $0 }))
    }

    private static func check(_ cues: [ParsedCue], hasGaps: Bool) throws {
        for cue in cues {
            try require(cue.end > cue.start, "a cue from \(cue.start) to \(cue.end)")
            try require(cue.lines.count <= 2, "a cue of \(cue.lines.count) lines")
            try require(cue.lines.allSatisfy { (1...42).contains($0.count) }, "a line too long: \(cue.lines)")
            let isShort = cue.end - cue.start <= 7_000 || !cue.lines.joined(separator: " ").contains(" ")
            try require(isShort || hasGaps, "several words are shown from \(cue.start) to \(cue.end)")
        }
        for (left, right) in zip(cues, cues.dropFirst()) {
            try require(left.end <= right.start, "a cue to \(left.end) before one from \(right.start)")
        }
    }
}
