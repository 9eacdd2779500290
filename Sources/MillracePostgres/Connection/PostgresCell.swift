internal import CLibPQ

/// One value of a row, in the server's binary format.
public struct PostgresCell: Sendable {
    let storage: ResultStorage
    let row: Int
    let column: Int

    init(storage: ResultStorage, row: Int, column: Int) {
        precondition(column >= 0 && column < storage.columnCount, "column \(column) of \(storage.columnCount)")
        self.storage = storage
        self.row = row
        self.column = column
    }

    /// Whether it is NULL.
    public var isNull: Bool { storage.bytes(row: row, column: column) == nil }

    /// The number of the value's type on the server, as `pg_type.oid`.
    public var typeNumber: UInt32 { type.rawValue }

    /// A copy of the value's bytes; `nil` for NULL.
    public var bytes: [UInt8]? { withBytes { $0.map { Array($0) } } }

    /// Calls `body` with the value's bytes, which must not be kept; `nil` for NULL.
    public func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer?) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        defer { withExtendedLifetime(storage) {} }
        return try body(storage.bytes(row: row, column: column))
    }

    /// Reads a value that is never NULL; throws `value` for NULL and for another type.
    @inlinable
    public func value<Value: PostgresDecodable>(as type: Value.Type = Value.self) throws(PostgresError) -> Value {
        guard let value = try optional(as: type) else { throw nullError }
        return value
    }

    /// Reads a value, `nil` for NULL; throws `value` for another type.
    @inlinable
    public func optional<Value: PostgresDecodable>(as type: Value.Type = Value.self) throws(PostgresError) -> Value? {
        // The bytes are the result's, which must not go before they are read.
        defer { withExtendedLifetime(self) {} }
        guard let bytes = unownedBytes else { return nil }
        guard let value = Value(postgres: bytes, type: typeNumber) else { throw typeError("\(Value.self)") }
        return value
    }

    @usableFromInline var unownedBytes: UnsafeRawBufferPointer? { storage.bytes(row: row, column: column) }

    @usableFromInline var nullError: PostgresError {
        PostgresError(.value, "column \(column + 1) must not be NULL")
    }

    @usableFromInline
    func typeError(_ name: String) -> PostgresError {
        PostgresError(.value, "column \(column + 1) is not a \(name) (its type is \(typeNumber))")
    }

    var type: PostgresType { storage.type(ofColumn: column) }
}
