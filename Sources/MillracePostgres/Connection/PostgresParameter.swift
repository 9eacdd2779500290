public import Foundation
public import MillraceCore

/// A value for a place `$1`, `$2` … of a statement, sent in the server's binary format.
///
/// Each has one type on the server, so a statement is prepared once for all its values; an array is one value, which
/// `unnest($1)` turns into rows, so a statement has one text for any number of rows.
public enum PostgresParameter: Hashable, Sendable {
    /// NULL, of whatever type the statement wants.
    case null
    /// A `text`; one with a NUL is refused by the server.
    case text(String)
    /// A `smallint`.
    case int2(Int16)
    /// An `integer`.
    case int4(Int32)
    /// A `bigint`.
    case int8(Int64)
    /// A `double precision`.
    case float8(Double)
    /// A `boolean`.
    case bool(Bool)
    /// A `bytea`.
    case bytes([UInt8])
    /// A `uuid`.
    case uuid(UUID)
    /// A `timestamptz`, in microseconds; the first and the last `Timestamp` are `-infinity` and `infinity`.
    case time(Timestamp)
    /// A `jsonb`, from its text.
    case json(String)
    /// A `text[]`.
    case texts([String?])
    /// A `smallint[]`.
    case int2s([Int16?])
    /// An `integer[]`.
    case int4s([Int32?])
    /// A `bigint[]`.
    case int8s([Int64?])
    /// A `double precision[]`.
    case float8s([Double?])
    /// A `boolean[]`.
    case bools([Bool?])
    /// A `bytea[]`.
    case byteArrays([[UInt8]?])
    /// A `uuid[]`.
    case uuids([UUID?])
    /// A `timestamptz[]`.
    case times([Timestamp?])
    /// A `jsonb[]`.
    case jsons([String?])
}

extension PostgresParameter {
    /// A `text`, or NULL for `nil`.
    public static func text(_ value: String?) -> Self { if let value { .text(value) } else { .null } }
    /// An `integer`, or NULL for `nil`.
    public static func int4(_ value: Int32?) -> Self { if let value { .int4(value) } else { .null } }
    /// A `bigint`, or NULL for `nil`.
    public static func int8(_ value: Int64?) -> Self { if let value { .int8(value) } else { .null } }
    /// A `uuid`, or NULL for `nil`.
    public static func uuid(_ value: UUID?) -> Self { if let value { .uuid(value) } else { .null } }
    /// A `timestamptz`, or NULL for `nil`.
    public static func time(_ value: Timestamp?) -> Self { if let value { .time(value) } else { .null } }
    /// A `jsonb`, or NULL for `nil`.
    public static func json(_ value: String?) -> Self { if let value { .json(value) } else { .null } }
    /// A `bytea`, or NULL for `nil`.
    public static func bytes(_ value: [UInt8]?) -> Self { if let value { .bytes(value) } else { .null } }
}
