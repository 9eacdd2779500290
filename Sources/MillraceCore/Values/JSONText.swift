internal import Foundation

/// A JSON document, kept as the text it came as and compared as JSON.
///
/// Two documents are equal when they mean the same: blanks, the order of an object's keys and the spelling of a
/// number do not count. NUL in a string is refused, because PostgreSQL's `JSONB` cannot hold it and every adapter
/// must accept the same documents.
public struct JSONText: Sendable {
    /// The document as UTF-8 text.
    public let text: String

    /// Takes a JSON document of any kind, a bare string or number included.
    ///
    /// - Throws: ``InvalidValue`` when the text is not JSON or a string in it holds NUL.
    public init(_ text: String) throws(InvalidValue) {
        let isParsed = (try? JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)) != nil
        let scan = Self.scan(text)
        guard isParsed, scan.isStrict else { throw InvalidValue("JSON", "is not a valid document") }
        guard !scan.holdsNUL else { throw Self.nulRefusal }
        self.text = text
    }

    /// Encodes a value, with the keys of objects in order.
    ///
    /// - Throws: ``InvalidValue`` when the value cannot be encoded or a string in it holds NUL.
    public init(encoding value: some Encodable) throws(InvalidValue) {
        let data: Data
        do {
            data = try Self.encoder.encode(value)
        } catch {
            throw InvalidValue("JSON", "the value cannot be encoded: \(type(of: value))")
        }
        let text = String(decoding: data, as: UTF8.self)
        // An encoder writes nothing but JSON, so there is no need to parse it again; NUL can only be in it escaped.
        guard !data.contains(UInt8(ascii: "\\")) || !Self.scan(text).holdsNUL else { throw Self.nulRefusal }
        self.text = text
    }

    /// Takes text that a store has already validated, without a second look.
    public init(stored text: String) {
        self.text = text
    }

    /// Decodes the document.
    ///
    /// - Throws: ``InvalidValue`` when the document does not have the shape of `type`.
    public func decode<Value: Decodable>(_ type: Value.Type = Value.self) throws(InvalidValue) -> Value {
        do {
            return try Self.decoder.decode(type, from: Data(text.utf8))
        } catch {
            throw InvalidValue("JSON", "the document is not a \(type)")
        }
    }

    /// The empty object, `{}`.
    public static let emptyObject = JSONText(stored: "{}")

    private static let decoder = JSONDecoder()
    private static let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    private static let nulRefusal = InvalidValue(
        "JSON", "a string contains the character NUL, which no store can keep")

    /// Looks for what Foundation's parser lets pass and PostgreSQL's does not: a comma behind the last element, a byte
    /// order mark, a bare NUL; and for an escaped NUL, even under a key that comes twice.
    private static func scan(_ text: String) -> (isStrict: Bool, holdsNUL: Bool) {
        let bytes = Array(text.utf8)
        let escapedNUL = Array(#"\u0000"#.utf8)
        var isStrict = !bytes.starts(with: [0xEF, 0xBB, 0xBF])
        var holdsNUL = false
        var isInString = false
        var previous: UInt8 = 0
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            switch (byte, isInString) {
            case (UInt8(ascii: "\\"), true):
                if bytes[index...].starts(with: escapedNUL) { holdsNUL = true }
                index += 1
            case (UInt8(ascii: "\""), _):
                isInString.toggle()
            case (UInt8(ascii: "]"), false), (UInt8(ascii: "}"), false):
                if previous == UInt8(ascii: ",") { isStrict = false }
            case (0, _):
                isStrict = false
            default:
                break
            }
            if !isInString, byte > UInt8(ascii: " ") { previous = byte }
            index += 1
        }
        return (isStrict, holdsNUL)
    }
}

extension JSONText: Hashable {
    /// Whether both documents mean the same.
    public static func == (left: JSONText, right: JSONText) -> Bool {
        left.text.utf8.elementsEqual(right.text.utf8) || left.canonical.map { $0 == right.canonical } ?? false
    }

    /// Hashes the meaning, not the spelling.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(canonical)
    }
}

extension JSONText: CustomStringConvertible {
    /// The size alone: a payload may be private, and descriptions end up in logs.
    public var description: String { "JSON of \(text.utf8.count) bytes" }
}
