/// The name of a cached value: 1 to 500 bytes of UTF-8 without control characters. Compared by its bytes.
///
/// Its hash is worked out once, when it is made: a lookup that passes several tables, or a key that is asked for often,
/// pays for it once.
public struct CacheKey: Hashable, Sendable, CustomStringConvertible {
    /// No key is longer, in bytes.
    public static let maximumBytes = 500

    /// The key as stored in `cache_key`.
    public var text: String { exact.text }

    /// The hash of the text; another one in every process.
    public let fingerprint: Int

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
        guard !Self.holdsControlCharacters(text) else {
            throw InvalidValue("cache key", "must not contain control characters")
        }
        self.init(stored: text)
    }

    /// Takes a key that a store has already validated.
    public init(stored text: String) {
        exact = ExactText(text)
        fingerprint = exact.hashValue
    }

    /// The first text, in the order of bytes, from which on all keys are behind this one.
    ///
    /// No key holds a control character, so none lies in between.
    public var successor: String { text + "\u{1}" }

    /// A key that is made of what the value depends on: `prefix:sha256`.
    ///
    /// No two lists of parts share a key.
    public static func content(prefix: StaticString, parts: [String]) -> CacheKey {
        CacheKey(stored: "\(prefix):\(ContentHash(ofParts: parts))")
    }

    /// Whether the bytes of both are the same.
    public static func == (left: CacheKey, right: CacheKey) -> Bool {
        left.fingerprint == right.fingerprint && left.exact == right.exact
    }

    /// Feeds the hash of the text, which is already there.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(fingerprint)
    }

    /// Whether a text holds what Unicode calls a control character: U+0000 to U+001F and U+007F to U+009F.
    static func holdsControlCharacters(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            // Those from U+0080 on are written as C2 and the number.
            if byte < 0x20 || byte == 0x7F || (previous == 0xC2 && byte < 0xA0) { return true }
            previous = byte
        }
        return false
    }

    /// The key.
    public var description: String { text }
}
