package import Foundation
package import MillraceCore

/// Understands what an API answers to a chunk: `verbose_json`, or any JSON with a `text`.
///
/// Servers differ in nearly everything but `text`: times as numbers or texts, words in their segments or beside them,
/// languages by name or code. Whatever makes no sense is left out, as long as the text is there.
package struct APIAnswerText {
    private let document: Document

    /// Takes the body; throws `badOutput` unless it is JSON with `text` or `segments`.
    package init(_ bytes: Data) throws(TranscriptionError) {
        guard let document = try? JSONDecoder().decode(Document.self, from: bytes) else {
            throw Self.refusal("is not JSON of the form that was asked for")
        }
        guard document.text != nil || document.segments != nil else {
            throw Self.refusal("has neither `text` nor `segments`")
        }
        self.document = document
    }

    /// The segments, with times within `duration`. The language is the one of the answer, or else the one given.
    package func result(duration: Double, language: String?) -> ChunkResult {
        let heard = document.language.map { LanguageCode.of(SpokenLine.of($0)) } ?? ""
        return ChunkResult(segments: segments(duration: duration), language: heard.isEmpty ? language : heard)
    }

    private func segments(duration: Double) -> [Segment] {
        let raw = document.segments ?? []
        var segments: [Segment] = []
        for item in raw {
            let text = SpokenLine.of(item.text ?? "")
            if text.isEmpty { continue }
            guard let times = item.times(within: duration) else {
                // Half of the times are worth less than the whole text.
                segments = []
                break
            }
            segments.append(
                Segment(
                    start: times.start, end: times.end, text: text, words: Self.words(item.words, within: duration)))
        }
        if segments.isEmpty {
            let text = SpokenLine.of(document.text ?? raw.map { $0.text ?? "" }.joined(separator: " "))
            if text.isEmpty { return [] }
            segments = [Segment(start: 0, end: duration, text: text)]
        }
        segments = segments.enumerated()
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(\.element)
        if segments.allSatisfy({ $0.words == nil }), let words = Self.words(document.words, within: duration) {
            share(words, among: &segments)
        }
        return segments
    }

    /// The words with times; `nil` when there are none, or one is without.
    private static func words(_ raw: [Piece]?, within duration: Double) -> [Word]? {
        var words: [Word] = []
        for item in raw ?? [] {
            let text = SpokenLine.of(item.word ?? item.text ?? "")
            if text.isEmpty { continue }
            guard let times = item.times(within: duration) else { return nil }
            words.append(Word(start: times.start, end: times.end, text: text))
        }
        return words.isEmpty ? nil : words
    }

    /// Gives each segment the words whose middle lies before the next segment begins.
    private func share(_ words: [Word], among segments: inout [Segment]) {
        var rest = words[...]
        for index in segments.indices {
            let end = index + 1 < segments.count ? segments[index + 1].start : Double.infinity
            let own = rest.prefix { ($0.start + $0.end) / 2 < end }
            rest = rest.dropFirst(own.count)
            if !own.isEmpty { segments[index].words = Array(own) }
        }
    }

    private static func refusal(_ reason: String) -> TranscriptionError {
        TranscriptionError(.badOutput, "the API's answer \(reason); check that it is a transcription API")
    }

    // MARK: - The JSON

    private struct Document: Decodable {
        var text: String?
        var language: String?
        var segments: [Piece]?
        var words: [Piece]?

        private enum CodingKeys: String, CodingKey {
            case text, language, segments, words
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            text = try? container.decodeIfPresent(String.self, forKey: .text)
            language = try? container.decodeIfPresent(String.self, forKey: .language)
            segments = try? container.decodeIfPresent([Piece].self, forKey: .segments)
            words = try? container.decodeIfPresent([Piece].self, forKey: .words)
        }
    }

    /// A segment or a word.
    private struct Piece: Decodable {
        var start: Double?
        var end: Double?
        var text: String?
        var word: String?
        var words: [Piece]?

        private enum CodingKeys: String, CodingKey {
            case start, end, text, word, words
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            start = Self.seconds(in: container, .start)
            end = Self.seconds(in: container, .end)
            text = try? container.decodeIfPresent(String.self, forKey: .text)
            word = try? container.decodeIfPresent(String.self, forKey: .word)
            words = try? container.decodeIfPresent([Piece].self, forKey: .words)
        }

        private static func seconds(
            in container: KeyedDecodingContainer<CodingKeys>, _ key: CodingKeys
        ) -> Double? {
            if let number = try? container.decode(Double.self, forKey: key) { return number }
            let text = (try? container.decode(String.self, forKey: key)).map(SpokenLine.of)
            return text.flatMap { Double($0.hasSuffix("s") ? String($0.dropLast()) : $0) }
        }

        /// Both times, put in order and within the chunk.
        func times(within duration: Double) -> (start: Double, end: Double)? {
            guard let start, let end, start.isFinite, end.isFinite else { return nil }
            let from = min(max(0, start), duration)
            return (from, min(max(from, end), duration))
        }
    }
}
