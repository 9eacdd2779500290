public import Foundation

/// A value of a row on its way from one store to another, whatever keeps it there.
public enum StoreValue: Sendable, Hashable {
    /// No value.
    case null
    /// A whole number.
    case integer(Int64)
    /// A number.
    case real(Double)
    /// True or false.
    case flag(Bool)
    /// A text.
    case text(String)
    /// An identity.
    case id(UUID)
    /// A point in time.
    case time(Timestamp)
    /// A JSON document.
    case json(JSONText)
    /// Bytes.
    case bytes([UInt8])

    /// About how much memory it takes.
    public var size: Int {
        switch self {
        case .text(let text): text.utf8.count + 16
        case .json(let json): json.text.utf8.count + 16
        case .bytes(let bytes): bytes.count + 16
        default: 16
        }
    }
}
