internal import Foundation
package import MillraceCore

/// Transcripts for the tests of forms: of whatever an engine may return, and worse.
package enum RandomTranscript {
    /// Makes one; the same numbers make the same.
    package static func make(using generator: inout SeededGenerator) -> Transcript {
        var time = 0.0
        let segments = (0..<Int.random(in: 0...12, using: &generator)).map { _ in
            randomSegment(from: &time, using: &generator)
        }
        return Transcript(
            id: .make(at: Timestamp(microseconds: 0), using: &generator), source: randomText(3, using: &generator),
            hash: ContentHash(of: Data()), durationSeconds: randomTime(near: time, using: &generator),
            createdAt: Timestamp(microseconds: 0), status: .completed,
            language: Bool.random(using: &generator) ? "en" : nil,
            text: segments.map(\.text).joined(separator: " "), segments: segments,
            chunks: ChunkSummary(total: 2, completed: 1, failed: 1, cached: 0), completedAt: nil)
    }

    private static func randomSegment(from time: inout Double, using generator: inout SeededGenerator) -> Segment {
        let start = randomTime(near: time, using: &generator)
        let length = Double.random(in: 0...40, using: &generator)
        let text = randomText(Int.random(in: 0...60, using: &generator), using: &generator)
        var words: [Word]?
        if Bool.random(using: &generator) {
            let exact = text.split(separator: " ").map(String.init)
            let texts = Bool.random(using: &generator) ? exact : exact.filter { _ in .random(using: &generator) }
            words = texts.enumerated().map { index, text in
                let part = length / Double(texts.count)
                return Word(
                    start: randomTime(near: start + part * Double(index), using: &generator),
                    end: randomTime(near: start + part * Double(index + 1), using: &generator), text: text)
            }
        }
        time += length + (Bool.random(using: &generator) ? 0 : Double.random(in: 0...5, using: &generator))
        let isGap = Int.random(in: 0..<10, using: &generator) == 0
        return Segment(
            start: start, end: randomTime(near: start + length, using: &generator), text: text, words: words,
            isGap: isGap)
    }

    private static func randomTime(near time: Double, using generator: inout SeededGenerator) -> Double {
        let wild: [Double] = [.nan, .infinity, -.infinity, -1, 0, 1e300, -1e300, 360_000, 4e7, .leastNonzeroMagnitude]
        guard Int.random(in: 0..<30, using: &generator) == 0 else { return time }
        return wild[Int.random(in: wild.indices, using: &generator)]
    }

    private static let syllables = [
        "so", "mill", "water", "and", "the", "stone", "turns", "Ende.", "what?", "yes!\"", "&", "<b>", "</i>", "-->",
        "&amp;", "{\\an8}", "it's", "naïve", "日本語の文章には空白がありません。", "👩‍👩‍👧‍👦", "e\u{301}", "\u{202E}rtl", "12", "NOTE",
        "WEBVTT",
        "\u{0}", "\u{1B}[31m", "\u{7F}", "\u{85}", "\u{2028}", "\t", "\n\n", "\r\n", "\"", "\\", "\u{A0}", "\u{FEFF}",
        "a\u{7}b", String(repeating: "x", count: 130),
    ]

    private static func randomText(_ count: Int, using generator: inout SeededGenerator) -> String {
        (0..<count).map { _ in syllables[Int.random(in: syllables.indices, using: &generator)] }
            .joined(separator: " ")
    }
}
