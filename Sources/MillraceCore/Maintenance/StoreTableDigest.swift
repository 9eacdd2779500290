internal import Foundation

/// What a table's rows come to: how many there are, and a hash of what is in them, in order.
///
/// Two stores hold the same rows when the digests are equal; JSON counts by its meaning, not its spelling.
public struct StoreTableDigest: Sendable {
    /// The rows so far.
    public private(set) var rows = 0
    private var hash = ContentHash.Builder()

    /// Makes the digest of no rows.
    public init() {}

    /// Adds the next row.
    public mutating func add(_ row: [StoreValue]) {
        rows += 1
        var bytes = Data()
        for value in row { Self.append(value, to: &bytes) }
        hash.update(bytes)
    }

    /// The hash of all rows so far.
    public func finish() -> ContentHash { hash.finish() }

    /// A letter for the kind, the length, the content: no two different rows have the same bytes.
    private static func append(_ value: StoreValue, to bytes: inout Data) {
        switch value {
        case .null: append("n", Data(), to: &bytes)
        case .integer(let number): append("i", Data("\(number)".utf8), to: &bytes)
        case .real(let number): append("r", Data("\(number.bitPattern)".utf8), to: &bytes)
        case .flag(let flag): append("f", Data("\(flag)".utf8), to: &bytes)
        case .text(let text): append("t", Data(text.utf8), to: &bytes)
        case .id(let id): append("u", Data(id.uuidString.utf8), to: &bytes)
        case .time(let time): append("d", Data("\(time.microseconds)".utf8), to: &bytes)
        case .json(let json): append("j", json.canonical ?? Data(json.text.utf8), to: &bytes)
        case .bytes(let content): append("b", Data(content), to: &bytes)
        }
    }

    private static func append(_ kind: Character, _ content: Data, to bytes: inout Data) {
        bytes += Data("\(kind)\(content.count):".utf8)
        bytes += content
    }
}
