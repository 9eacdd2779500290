internal import GRDB
internal import MillraceCore

/// Writes samples, thousands with one statement.
struct SampleInsert: Sendable {
    /// SQLite takes no more than 32,766 arguments.
    private static let batch = 5_000

    private struct Line: Sendable {
        let name: String
        let value: DatabaseValue
        let tags: String
        let time: Int64
    }

    private let lines: [Line]

    /// How many there are.
    var count: Int { lines.count }

    init(_ samples: [MetricSample]) throws(StoreError) {
        // Most batches have many samples of few sets of labels.
        var texts: [MetricLabels: String] = [:]
        var lines: [Line] = []
        lines.reserveCapacity(samples.count)
        for sample in samples {
            let labels = sample.series.labels
            let tags: String
            if let known = texts[labels] { tags = known } else { tags = try Self.json(labels) }
            texts[labels] = tags
            lines.append(
                Line(
                    name: sample.series.name.text, value: Self.stored(sample), tags: tags,
                    time: sample.time.microseconds))
        }
        self.lines = lines
    }

    func run(in db: Database) throws {
        for first in stride(from: 0, to: lines.count, by: Self.batch) {
            let batch = lines[first..<min(first + Self.batch, lines.count)]
            // Not by JSON, as other lists: a number would not come back as it was, bit for bit.
            let rows = Array(repeating: "(?, ?, ?, ?)", count: batch.count).joined(separator: ", ")
            var arguments: [DatabaseValue] = []
            arguments.reserveCapacity(4 * batch.count)
            for line in batch {
                arguments.append(line.name.databaseValue)
                arguments.append(line.value)
                arguments.append(line.tags.databaseValue)
                arguments.append(line.time.databaseValue)
            }
            // Not kept prepared: nearly every batch has a length of its own.
            try db.makeStatement(
                sql: "INSERT INTO metrics (metric_name, metric_value, tags, timestamp) VALUES \(rows)"
            )
            .execute(arguments: StatementArguments(arguments))
        }
    }

    /// Labels as they are stored: a JSON object with its keys in order, so that equal ones have one text.
    static func json(_ labels: MetricLabels) throws(StoreError) -> String {
        do throws(InvalidValue) {
            return try JSONText(encoding: labels.byName).text
        } catch {
            throw StoreError(.invalid, "the store cannot keep these labels: \(error)", cause: error)
        }
    }

    private static func stored(_ sample: MetricSample) -> DatabaseValue {
        if sample.isStale { return .null }
        return sample.value.isNaN ? "NaN".databaseValue : sample.value.databaseValue
    }
}

extension RowReader {
    /// A number, also one that is none, which is stored as a text.
    mutating func optionalNumber() throws -> Double? {
        switch try value(DatabaseValue.self).storage {
        case .null: nil
        case .double(let number): number
        case .int64(let number): Double(number)
        case .string("NaN"): StaleMarker.otherNaN
        default: throw InvalidValue("number", "is a text or bytes")
        }
    }
}
