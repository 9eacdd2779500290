internal import Crypto
public import Foundation

/// A SHA-256 of some content, in 64 lower-case hexadecimal digits.
public struct ContentHash: Hashable, Sendable, Codable, CustomStringConvertible {
    /// The 64 hexadecimal digits.
    public let hex: String

    /// Hashes bytes.
    public init(of bytes: some DataProtocol) {
        hex = Self.hexadecimal(SHA256.hash(data: bytes))
    }

    /// Hashes a list of texts so that no two different lists have the same input.
    ///
    /// Each part is preceded by its length in bytes, so `["ab", "c"]` and `["a", "bc"]` differ.
    public init(ofParts parts: [String]) {
        var hasher = SHA256()
        for part in parts {
            hasher.update(data: Data("\(part.utf8.count):".utf8))
            hasher.update(data: Data(part.utf8))
        }
        hex = Self.hexadecimal(hasher.finalize())
    }

    /// Reads 64 hexadecimal digits.
    ///
    /// - Throws: ``InvalidValue`` for anything else.
    public init(hex: String) throws(InvalidValue) {
        let digits = hex.lowercased()
        guard digits.utf8.count == 64, digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw InvalidValue("content hash", "must be 64 hexadecimal digits")
        }
        self.hex = digits
    }

    /// Takes digits that a store has already validated.
    public init(stored hex: String) {
        self.hex = hex
    }

    /// Decodes the digits from a string.
    public init(from decoder: any Decoder) throws {
        try self.init(hex: decoder.singleValueContainer().decode(String.self))
    }

    /// Encodes the digits as a string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }

    /// The 64 digits.
    public var description: String { hex }

    /// A hash that is fed piece by piece, for content larger than memory.
    public struct Builder: Sendable {
        private var hasher = SHA256()

        /// Makes a hash of nothing yet.
        public init() {}

        /// Adds the next piece.
        public mutating func update(_ bytes: some DataProtocol) {
            hasher.update(data: bytes)
        }

        /// The hash of all pieces so far.
        public func finish() -> ContentHash {
            ContentHash(stored: ContentHash.hexadecimal(hasher.finalize()))
        }
    }

    private static func hexadecimal(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(64)
        for byte in digest {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
