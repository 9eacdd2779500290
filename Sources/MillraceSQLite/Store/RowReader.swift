internal import GRDB
internal import MillraceCore

/// Reads the columns of a row one after the other, in the order of the `SELECT`.
///
/// By position, because looking a column up by name costs more than reading it. The statement and the reading code
/// stand together, so the order is seen at a glance.
struct RowReader {
    private let row: Row
    private var index = 0

    init(_ row: Row) {
        self.row = row
    }

    mutating func value<Value: DatabaseValueConvertible>(_ type: Value.Type = Value.self) throws -> Value {
        try optional(type) ?? { throw InvalidValue("column \(index - 1)", "must not be NULL") }()
    }

    mutating func optional<Value: DatabaseValueConvertible>(_ type: Value.Type = Value.self) throws -> Value? {
        defer { index += 1 }
        return try Value.fromDatabaseValue(row[index])
            ?? {
                guard (row[index] as DatabaseValue).isNull else {
                    throw InvalidValue("column \(index)", "is not a \(Value.self)")
                }
                return nil
            }()
    }

    mutating func id<Entity>(_ type: Identifier<Entity>.Type = Identifier<Entity>.self) throws -> Identifier<Entity> {
        try optionalID(type) ?? { throw InvalidValue("identifier", "must not be NULL") }()
    }

    mutating func optionalID<Entity>(
        _ type: Identifier<Entity>.Type = Identifier<Entity>.self
    ) throws -> Identifier<Entity>? {
        guard let text = try optional(String.self) else { return nil }
        guard let id = Identifier<Entity>(text) else { throw InvalidValue("identifier", "is not a UUID") }
        return id
    }

    mutating func time() throws -> Timestamp {
        Timestamp(microseconds: try value(Int64.self))
    }

    mutating func optionalTime() throws -> Timestamp? {
        try optional(Int64.self).map(Timestamp.init(microseconds:))
    }

    mutating func token() throws -> LeaseToken {
        LeaseToken(try value(Int64.self))
    }

    /// A text that must be one of an enumeration's raw values.
    mutating func choice<Choice: RawRepresentable>(_ type: Choice.Type = Choice.self) throws -> Choice
    where Choice.RawValue: DatabaseValueConvertible {
        let raw = try value(Choice.RawValue.self)
        guard let choice = Choice(rawValue: raw) else { throw InvalidValue("column \(index - 1)", "has no such value") }
        return choice
    }

    /// The headers of a trace, as JSON; `nil` for none.
    mutating func headers() throws -> [String: String]? {
        try optional(String.self).map { try JSONText(stored: $0).decode([String: String].self) }
    }

    mutating func json<Value: Decodable>(_ type: Value.Type = Value.self) throws -> Value {
        try JSONText(stored: value(String.self)).decode(type)
    }
}
