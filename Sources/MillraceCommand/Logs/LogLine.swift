internal import Foundation
internal import Logging

/// One event of the log, to be written as one line.
struct LogLine: Sendable {
    let level: Logger.Level
    let label: String
    let message: String
    let metadata: Logger.Metadata

    /// For people: `millrace: warning: A job failed (error="no route" millrace-job-id=0198…)`.
    ///
    /// Line ends and control characters are escaped, so that no text from elsewhere can pass for a line of its own or
    /// give orders to a terminal.
    var text: String {
        let facts = metadata.sorted { $0.key < $1.key }
            .map { "\(Self.escaped($0.key))=\(Self.word($0.value.description))" }
            .joined(separator: " ")
        return "\(label): \(level): \(Self.escaped(message))" + (facts.isEmpty ? "" : " (\(facts))")
    }

    /// For programs: an object with `time` (UTC, milliseconds), `level`, `label`, `message`, and `metadata` if there is
    /// any.
    func json(at time: Date) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let object = Object(
            time: time.formatted(.iso8601WithMilliseconds), level: level.rawValue, label: label, message: message,
            metadata: metadata.isEmpty ? nil : metadata.mapValues(Metadata.init))
        // Text alone can always be encoded.
        guard let data = try? encoder.encode(object) else { return "{}" }
        // What JSON lets pass as it is, a terminal may obey; all of it stands in strings.
        return Self.escaped(String(decoding: data, as: UTF8.self))
    }

    private struct Object: Encodable {
        let time: String
        let level: String
        let label: String
        let message: String
        let metadata: [String: Metadata]?
    }

    private struct Metadata: Encodable {
        let value: Logger.MetadataValue

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch value {
            case .string(let text): try container.encode(text)
            case .stringConvertible(let value): try container.encode(value.description)
            case .array(let values): try container.encode(values.map(Metadata.init))
            case .dictionary(let values): try container.encode(values.mapValues(Metadata.init))
            }
        }
    }

    /// A value that can be told from its neighbours: in quotation marks unless it is a plain word.
    private static func word(_ text: String) -> String {
        let isPlain =
            !text.isEmpty
            && text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace && !#""\=()"#.unicodeScalars.contains($0) }
        guard !isPlain else { return escaped(text) }
        let marked = text.replacing("\\", with: #"\\"#).replacing("\"", with: #"\""#)
        return "\"\(escaped(marked))\""
    }

    private static func escaped(_ text: String) -> String {
        var escaped = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch (scalar, scalar.properties.generalCategory) {
            case ("\n", _): escaped.append(contentsOf: #"\n"#.unicodeScalars)
            case ("\r", _): escaped.append(contentsOf: #"\r"#.unicodeScalars)
            case ("\t", _): escaped.append(contentsOf: #"\t"#.unicodeScalars)
            case (_, .control), (_, .lineSeparator), (_, .paragraphSeparator):
                escaped.append(contentsOf: String(format: #"\u%04x"#, scalar.value).unicodeScalars)
            default: escaped.append(scalar)
            }
        }
        return String(escaped)
    }
}

extension FormatStyle where Self == Date.ISO8601FormatStyle {
    fileprivate static var iso8601WithMilliseconds: Self { Date.ISO8601FormatStyle(includingFractionalSeconds: true) }
}
