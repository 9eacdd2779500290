internal import Foundation
internal import MillraceCore

/// Reads the columns of a row one after the other, in the order of the `SELECT`.
///
/// By position, because looking a column up by name costs more than reading it. The statement and the reading code
/// stand together, so the order is seen at a glance.
struct RowReader {
    private let row: PostgresRow
    private var index = 0

    init(_ row: PostgresRow) {
        self.row = row
    }

    mutating func value<Value: PostgresDecodable>(_ type: Value.Type = Value.self) throws(PostgresError) -> Value {
        defer { index += 1 }
        return try row.value(index, as: type)
    }

    mutating func optional<Value: PostgresDecodable>(
        _ type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        defer { index += 1 }
        return try row.optional(index, as: type)
    }

    mutating func id<Entity>(
        _ type: Identifier<Entity>.Type = Identifier<Entity>.self
    ) throws(PostgresError) -> Identifier<Entity> {
        Identifier(try value(UUID.self))
    }

    mutating func optionalID<Entity>(
        _ type: Identifier<Entity>.Type = Identifier<Entity>.self
    ) throws(PostgresError) -> Identifier<Entity>? {
        try optional(UUID.self).map { Identifier($0) }
    }

    mutating func time() throws(PostgresError) -> Timestamp {
        try value(Timestamp.self)
    }

    mutating func optionalTime() throws(PostgresError) -> Timestamp? {
        try optional(Timestamp.self)
    }

    mutating func token() throws(PostgresError) -> LeaseToken {
        LeaseToken(try value(Int64.self))
    }

    /// A value that must be one of an enumeration's raw values.
    mutating func choice<Choice: RawRepresentable>(_ type: Choice.Type = Choice.self) throws -> Choice
    where Choice.RawValue: PostgresDecodable {
        let raw = try value(Choice.RawValue.self)
        guard let choice = Choice(rawValue: raw) else { throw InvalidValue("column \(index)", "has no such value") }
        return choice
    }

    /// Bytes as they are.
    mutating func data() throws(PostgresError) -> Data {
        defer { index += 1 }
        let bytes = row[index].withBytes { $0.map { Data($0) } }
        guard let bytes else { throw PostgresError(.value, "column \(index + 1) must not be NULL") }
        return bytes
    }

    /// Bytes as they are, or `nil`.
    mutating func optionalData() -> Data? {
        defer { index += 1 }
        return row[index].withBytes { $0.map { Data($0) } }
    }

    /// The headers of a trace, as JSON; `nil` for none.
    mutating func headers() throws -> [String: String]? {
        try optional(String.self).map { try JSONText(stored: $0).decode([String: String].self) }
    }

    mutating func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONText(stored: value(String.self)).decode(type)
    }

    mutating func optionalJSON<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value? {
        try optional(String.self).map { try JSONText(stored: $0).decode(type) }
    }
}
