/// The name of a cached value: 1 to 500 bytes of UTF-8 without control characters. Compared by its bytes.
public struct CacheKey: Hashable, Sendable, CustomStringConvertible {
    /// No key is longer, in bytes.
    public static let maximumBytes = 500

    /// The key as stored in `cache_key`.
    public var text: String { exact.text }

    private let exact: ExactText

    /// Makes a key.
    ///
    /// - Throws: ``InvalidValue`` when the text is empty, over 500 bytes or holds control characters.
    public init(_ text: String) throws(InvalidValue) {
        guard !text.isEmpty else { throw InvalidValue("cache key", "must not be empty") }
        guard text.utf8.count <= Self.maximumBytes else {
            throw InvalidValue(
                "cache key", "is \(text.utf8.count) bytes long; at most \(Self.maximumBytes) are allowed")
        }
        guard !text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw InvalidValue("cache key", "must not contain control characters")
        }
        exact = ExactText(text)
    }

    /// Takes a key that a store has already validated.
    public init(stored text: String) {
        exact = ExactText(text)
    }

    /// A key that is made of what the value depends on: `prefix:sha256`.
    ///
    /// No two lists of parts share a key.
    public static func content(prefix: StaticString, parts: [String]) -> CacheKey {
        CacheKey(stored: "\(prefix):\(ContentHash(ofParts: parts))")
    }

    /// The key.
    public var description: String { text }
}
