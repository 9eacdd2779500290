internal import Foundation
package import MillraceCore

/// Understands what PocketSphinx writes.
package enum PocketSphinxOutput {
    /// A pause that parts segments, in seconds.
    private static let pause = 0.4
    /// No word lasts as long, in seconds; the decoder puts such a one over noise.
    private static let longestWord = 3.0
    /// No segment is longer, in seconds, unless one word is.
    private static let longestSegment = 10.0

    /// Reads CTM as `pocketsphinx_batch` writes it: a line a word, `name channel start duration word confidence`.
    ///
    /// Lines that are no such thing are skipped.
    package static func words(ctm: [UInt8]) -> [Word] {
        String(decoding: ctm, as: UTF8.self).split(whereSeparator: \.isNewline).compactMap { line in
            let fields = line.split(separator: " ")
            guard fields.count >= 5, let start = Double(fields[2]), let length = Double(fields[3]) else { return nil }
            return word(String(fields[4]), start: start, length: length)
        }
    }

    /// Reads what `pocketsphinx single` writes: a line an utterance, JSON with the words under `w`, each with its
    /// beginning `b`, duration `d` and text `t`. Lines that are no such thing are skipped.
    package static func words(json: [UInt8]) -> [Word] {
        json.split(separator: UInt8(ascii: "\n")).flatMap { line -> [Word] in
            guard let utterance = try? JSONDecoder().decode(Utterance.self, from: Data(line)) else { return [] }
            return utterance.w.compactMap { word($0.t, start: $0.b, length: $0.d) }
        }
    }

    private struct Utterance: Decodable {
        var w: [Item]

        struct Item: Decodable {
            var b: Double
            var d: Double
            var t: String
        }
    }

    /// A spoken word, or `nil` for silence, noise and what makes no sense.
    private static func word(_ text: String, start: Double, length: Double) -> Word? {
        // Fillers are `<s>`, `<sil>`, `[NOISE]`, `++UM++`; another way to say a word is marked `and(2)`.
        guard let first = text.first, !"<[+(".contains(first), start.isFinite, (0...longestWord).contains(length) else {
            return nil
        }
        let spoken = SpokenLine.of(String(text.prefix { $0 != "(" }))
        return spoken.isEmpty ? nil : Word(start: start, end: start + length, text: spoken)
    }

    /// Groups words, in order of time and within `duration`, into segments at pauses.
    package static func segments(of words: [Word], duration: Double) -> [Segment] {
        var segments: [Segment] = []
        for word in words.sorted(by: { $0.start < $1.start }) {
            let start = min(max(0, word.start), duration)
            let word = Word(start: start, end: min(max(start, word.end), duration), text: word.text)
            if var last = segments.last, word.start - last.end < pause, word.end - last.start <= longestSegment {
                last.end = max(last.end, word.end)
                last.text += " " + word.text
                last.words?.append(word)
                segments[segments.count - 1] = last
            } else {
                segments.append(Segment(start: word.start, end: word.end, text: word.text, words: [word]))
            }
        }
        return segments
    }
}
