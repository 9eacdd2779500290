/// One row that a statement returned.
public struct PostgresRow: Sendable {
    let storage: ResultStorage
    let index: Int

    /// The number of columns.
    public var count: Int { storage.columnCount }

    /// A column's value, by position from 0.
    public subscript(column: Int) -> PostgresCell {
        PostgresCell(storage: storage, row: index, column: column)
    }

    /// Reads a column that is never NULL, by position from 0; throws `value` for NULL and for another type.
    @inlinable
    public func value<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value {
        try self[column].value(as: type)
    }

    /// Reads a column, by position from 0, `nil` for NULL; throws `value` for another type.
    @inlinable
    public func optional<Value: PostgresDecodable>(
        _ column: Int, as type: Value.Type = Value.self
    ) throws(PostgresError) -> Value? {
        try self[column].optional(as: type)
    }
}
