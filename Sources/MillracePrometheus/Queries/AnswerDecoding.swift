internal import Foundation
internal import MillraceCore

/// The body of an answer of the HTTP API; what is not needed or not known is passed over.
struct AnswerBody: Decodable {
    let status: String
    let result: QueryResult?
    let text: String?
    let errorType: String?
    let error: String?
    let warnings: [String]

    private enum Key: String, CodingKey {
        case status, data, errorType, error, warnings, infos
    }

    private enum DataKey: String, CodingKey {
        case resultType, result
    }

    init(from decoder: any Decoder) throws {
        let body = try decoder.container(keyedBy: Key.self)
        status = try body.decode(String.self, forKey: .status)
        errorType = try? body.decodeIfPresent(String.self, forKey: .errorType)
        error = try? body.decodeIfPresent(String.self, forKey: .error)
        var warnings: [String] = []
        for key in [Key.warnings, .infos] {
            warnings += ((try? body.decodeIfPresent([String].self, forKey: key)) ?? nil) ?? []
        }
        text = try? body.decodeIfPresent(String.self, forKey: .data)
        guard status == "success", let data = try? body.nestedContainer(keyedBy: DataKey.self, forKey: .data) else {
            result = nil
            self.warnings = warnings
            return
        }
        switch try data.decode(String.self, forKey: .resultType) {
        case "vector":
            let elements = try data.decode([Element].self, forKey: .result)
            warnings += Self.warning(of: elements)
            result = .vector(
                elements.compactMap { element in
                    element.value.map { QueriedValue(labels: element.labels, sample: $0.value) }
                })
        case "matrix":
            let elements = try data.decode([Element].self, forKey: .result)
            warnings += Self.warning(of: elements)
            result = .matrix(
                elements.compactMap { element in
                    element.values.map { QueriedSeries(labels: element.labels, samples: $0.map(\.value)) }
                })
        case "scalar": result = .scalar(try data.decode(Pair.self, forKey: .result).value)
        case "string": result = .string(try data.decode(TextPair.self, forKey: .result).text)
        default: result = nil
        }
        self.warnings = warnings
    }

    private static func warning(of elements: [Element]) -> [String] {
        let count = elements.count(where: \.hasHistogram)
        return count == 0 ? [] : ["native histograms of \(count) series are left out, which Millrace does not read"]
    }

    private struct Element: Decodable {
        let labels: QueriedLabels
        let value: Pair?
        let values: [Pair]?
        let hasHistogram: Bool

        private enum Key: String, CodingKey {
            case metric, value, values, histogram, histograms
        }

        init(from decoder: any Decoder) throws {
            let element = try decoder.container(keyedBy: Key.self)
            labels = QueriedLabels(all: try element.decode([String: String].self, forKey: .metric))
            value = try element.decodeIfPresent(Pair.self, forKey: .value)
            values = try element.decodeIfPresent([Pair].self, forKey: .values)
            hasHistogram = element.contains(.histogram) || element.contains(.histograms)
        }
    }

    /// A time in seconds, and a value in quotation marks.
    private struct Pair: Decodable {
        let value: TimestampedValue

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            let time = try AnswerBody.time(pair.decode(Double.self))
            let text = try pair.decode(String.self)
            guard let number = AnswerBody.number(text) else {
                throw DecodingError.dataCorruptedError(in: pair, debugDescription: "no number")
            }
            value = TimestampedValue(number, at: time)
        }
    }

    private struct TextPair: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            var pair = try decoder.unkeyedContainer()
            _ = try pair.decode(Double.self)
            text = try pair.decode(String.self)
        }
    }

    /// The nearest millisecond: the seconds are a binary fraction.
    private static func time(_ seconds: Double) throws -> Timestamp {
        guard let milliseconds = Int64(exactly: (seconds * 1_000).rounded()), abs(milliseconds) < .max / 1_000 else {
            throw DecodingError.valueNotFound(
                Int64.self, .init(codingPath: [], debugDescription: "no time"))
        }
        return Timestamp(microseconds: milliseconds * 1_000)
    }

    private static func number(_ text: String) -> Double? {
        switch text {
        case "NaN": StaleMarker.otherNaN
        case "+Inf", "Inf": .infinity
        case "-Inf": -.infinity
        default: Double(text)
        }
    }
}
