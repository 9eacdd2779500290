public import Foundation
public import MillraceCore

/// A type that is read from a value in the server's binary format.
public protocol PostgresDecodable {
    /// Reads a value of the server's type `type` (as `pg_type.oid`); `nil` when it is not of this type or is broken.
    init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32)
}

extension UnsafeRawBufferPointer {
    /// The number at a place, most significant byte first.
    func bigEndian<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type = Number.self) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }

    /// The whole buffer as one number of any of the server's integer types; `nil` for others.
    fileprivate func integer(_ type: PostgresType) -> Int64? {
        switch (type, count) {
        case (.int8, 8): bigEndian(at: 0)
        case (.int4, 4): Int64(bigEndian(at: 0, as: Int32.self))
        case (.int2, 2): Int64(bigEndian(at: 0, as: Int16.self))
        case (.oid, 4): Int64(bigEndian(at: 0, as: UInt32.self))
        default: nil
        }
    }
}

extension Int64: PostgresDecodable {
    /// Reads any of the server's integers.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let number = bytes.integer(PostgresType(rawValue: type)) else { return nil }
        self = number
    }
}

extension Int: PostgresDecodable {
    /// Reads any of the server's integers.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let number = bytes.integer(PostgresType(rawValue: type)) else { return nil }
        self.init(exactly: number)
    }
}

extension Int32: PostgresDecodable {
    /// Reads any of the server's integers that fits.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let number = bytes.integer(PostgresType(rawValue: type)) else { return nil }
        self.init(exactly: number)
    }
}

extension Int16: PostgresDecodable {
    /// Reads any of the server's integers that fits.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let number = bytes.integer(PostgresType(rawValue: type)) else { return nil }
        self.init(exactly: number)
    }
}

extension Double: PostgresDecodable {
    /// Reads a `double precision` or a `real`.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch (PostgresType(rawValue: type), bytes.count) {
        case (.float8, 8): self.init(bitPattern: bytes.bigEndian(at: 0))
        case (.float4, 4): self.init(Float(bitPattern: bytes.bigEndian(at: 0)))
        default: return nil
        }
    }
}

extension Bool: PostgresDecodable {
    /// Reads a `boolean`.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard PostgresType(rawValue: type) == .bool, bytes.count == 1 else { return nil }
        self = bytes[0] != 0
    }
}

extension String: PostgresDecodable {
    /// Reads any of the server's texts, and the text of `json` and `jsonb`.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        switch PostgresType(rawValue: type) {
        case .text, .varchar, .bpchar, .name, .char, .json, .xml, .unknown:
            self.init(decoding: bytes, as: UTF8.self)
        case .jsonb:
            // One byte says the format's version.
            guard bytes.first == 1 else { return nil }
            self.init(decoding: UnsafeRawBufferPointer(rebasing: bytes.dropFirst()), as: UTF8.self)
        default:
            return nil
        }
    }
}

extension UUID: PostgresDecodable {
    /// Reads a `uuid`.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard PostgresType(rawValue: type) == .uuid, bytes.count == 16 else { return nil }
        self.init(uuid: bytes.loadUnaligned(as: uuid_t.self))
    }
}

extension Timestamp: PostgresDecodable {
    /// Reads a `timestamptz`; `-infinity` and `infinity` are the first and the last `Timestamp`.
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard PostgresType(rawValue: type) == .timestamptz, bytes.count == 8 else { return nil }
        self = PostgresEpoch.decode(bytes.bigEndian(at: 0))
    }
}
