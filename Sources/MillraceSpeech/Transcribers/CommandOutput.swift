internal import Foundation
package import MillraceCore

/// Understands what a command wrote: plain text, or JSON with segments.
package struct CommandOutput {
    private let text: String

    /// Takes the bytes; throws `badOutput` unless they are UTF-8.
    package init(_ bytes: [UInt8]) throws(TranscriptionError) {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.refusal("is not UTF-8 text")
        }
        self.text = text
    }

    /// The segments, with times within `duration`. The language is the one of the answer, or else the one given.
    package func result(duration: Double, language: String?) throws(TranscriptionError) -> ChunkResult {
        guard let document = try document() else {
            return ChunkResult(segments: Self.whole(text, duration: duration), language: language)
        }
        var segments: [Segment] = []
        for (index, raw) in (document.segments ?? []).enumerated() {
            if let segment = try raw.segment(number: index + 1, duration: duration) { segments.append(segment) }
        }
        if document.segments == nil || segments.isEmpty {
            segments = Self.whole(document.text ?? "", duration: duration)
        }
        segments = segments.enumerated()
            .sorted { ($0.element.start, $0.offset) < ($1.element.start, $1.offset) }.map(\.element)
        let heard = document.language.map(SpokenLine.of) ?? ""
        return ChunkResult(segments: segments, language: heard.isEmpty ? language : heard)
    }

    // MARK: - Reading

    private struct Document: Decodable {
        var segments: [RawSegment]?
        var text: String?
        var language: String?
    }

    private struct RawSegment: Decodable {
        var start: Double
        var end: Double
        var text: String?
        var words: [RawWord]?

        func segment(number: Int, duration: Double) throws(TranscriptionError) -> Segment? {
            let times = try CommandOutput.times(start, end, in: "segment \(number)", duration: duration)
            var spoken: [Word]? = []
            for word in words ?? [] {
                let text = SpokenLine.of(word.text ?? word.word ?? "")
                if text.isEmpty { continue }
                guard let start = word.start, let end = word.end else {
                    // Some engines leave out the times of words they are not sure of; half a list helps nobody.
                    spoken = nil
                    break
                }
                let times = try CommandOutput.times(start, end, in: "a word of segment \(number)", duration: duration)
                spoken?.append(Word(start: times.start, end: times.end, text: text))
            }
            var text = SpokenLine.of(text ?? "")
            if text.isEmpty { text = (spoken ?? []).map(\.text).joined(separator: " ") }
            if text.isEmpty { return nil }
            return Segment(
                start: times.start, end: times.end, text: text, words: spoken?.isEmpty == false ? spoken : nil)
        }
    }

    private struct RawWord: Decodable {
        var start: Double?
        var end: Double?
        var text: String?
        var word: String?
    }

    /// The JSON document; `nil` for plain text. `{laughs}` and `[music]` are text.
    private func document() throws(TranscriptionError) -> Document? {
        let visible = text.utf8.drop { $0 <= 0x20 }
        let second = visible.dropFirst().first { $0 > 0x20 }
        let isObject =
            visible.first == UInt8(ascii: "{") && (second == UInt8(ascii: "\"") || second == UInt8(ascii: "}"))
        let isArray = visible.first == UInt8(ascii: "[") && (second == UInt8(ascii: "{") || second == UInt8(ascii: "]"))
        guard isObject || isArray else { return nil }
        do {
            if isArray { return Document(segments: try JSONDecoder().decode([RawSegment].self, from: Data(visible))) }
            let document = try JSONDecoder().decode(Document.self, from: Data(visible))
            guard document.segments != nil || document.text != nil else {
                throw Self.refusal("is JSON with neither `segments` nor `text`")
            }
            return document
        } catch let error as TranscriptionError {
            throw error
        } catch let error as DecodingError {
            throw Self.refusal(Self.reason(of: error))
        } catch {
            throw Self.refusal("is broken JSON")
        }
    }

    private static func reason(of error: DecodingError) -> String {
        func place(_ path: [any CodingKey]) -> String {
            let steps = path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
            return steps.isEmpty ? "at its top" : "at `\(steps.drop { $0 == "." })`"
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "is JSON without `\(key.stringValue)` \(place(context.codingPath))"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "is JSON with a value of the wrong kind \(place(context.codingPath))"
        default:
            return "is broken JSON"
        }
    }

    // MARK: - Checking

    private static func times(
        _ start: Double, _ end: Double, in part: String, duration: Double
    ) throws(TranscriptionError) -> (start: Double, end: Double) {
        guard start.isFinite, end.isFinite, start <= end else {
            throw refusal("has times that make no sense in \(part): \(start) to \(end)")
        }
        return (min(max(0, start), duration), min(max(0, end), duration))
    }

    private static func whole(_ text: String, duration: Double) -> [Segment] {
        let text = SpokenLine.of(text)
        return text.isEmpty ? [] : [Segment(start: 0, end: duration, text: text)]
    }

    private static func refusal(_ reason: String) -> TranscriptionError {
        TranscriptionError(
            .badOutput, "the command's output \(reason); it must be plain text, or JSON with `segments` or `text`")
    }
}
