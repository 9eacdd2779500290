public import Foundation

/// A cached value: bytes, and how they are to be read.
public struct CacheValue: Hashable, Sendable {
    /// How the bytes are to be read. The raw value is what stores keep.
    public struct Codec: Hashable, Sendable, RawRepresentable {
        /// The number of the codec.
        public let rawValue: UInt8

        /// Names a codec by its number.
        public init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        /// Bytes that mean what their owner says.
        public static let raw = Codec(rawValue: 0)
        /// A JSON document in UTF-8.
        public static let json = Codec(rawValue: 1)
    }

    /// The bytes.
    public let bytes: Data
    /// How they are to be read.
    public let codec: Codec

    /// Wraps bytes.
    public init(bytes: Data, codec: Codec = .raw) {
        self.bytes = bytes
        self.codec = codec
    }

    /// Encodes a value as JSON, with the keys of objects in order.
    ///
    /// - Throws: ``InvalidValue`` when it cannot be encoded.
    public init(encoding value: some Encodable) throws(InvalidValue) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            self.init(bytes: try encoder.encode(value), codec: .json)
        } catch {
            throw InvalidValue("cache value", "cannot be encoded: \(type(of: value))")
        }
    }

    /// Decodes a JSON value.
    ///
    /// - Throws: ``InvalidValue`` when the value has another codec or another shape.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws(InvalidValue) -> Value {
        guard codec == .json else { throw InvalidValue("cache value", "is not JSON") }
        do {
            return try JSONDecoder().decode(type, from: bytes)
        } catch {
            throw InvalidValue("cache value", "is not a \(type)")
        }
    }
}
