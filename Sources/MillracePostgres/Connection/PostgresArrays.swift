/// Arrays are read as `[Element?]`, for the server's may hold NULL; `[UInt8]` is a `bytea`.
extension Array: PostgresDecodable where Element: PostgresArrayElement {
    /// Reads a `bytea` for `[UInt8]`, else an array of one dimension (or none, when it is empty).
    public init?(postgres bytes: UnsafeRawBufferPointer, type: UInt32) {
        guard let elements = Element.elements(postgres: bytes, type: type) else { return nil }
        self = elements
    }
}

/// What an array that is read from the server may consist of.
public protocol PostgresArrayElement {
    /// Reads a whole array; `nil` when it is not one of this type or is broken.
    static func elements(postgres bytes: UnsafeRawBufferPointer, type: UInt32) -> [Self]?
}

extension UInt8: PostgresArrayElement {
    /// Reads a `bytea`.
    public static func elements(postgres bytes: UnsafeRawBufferPointer, type: UInt32) -> [UInt8]? {
        PostgresType(rawValue: type) == .bytea ? Array(bytes) : nil
    }
}

extension Optional: PostgresArrayElement where Wrapped: PostgresDecodable {
    /// Reads an array of one dimension, or an empty one.
    public static func elements(postgres bytes: UnsafeRawBufferPointer, type: UInt32) -> [Wrapped?]? {
        // Dimensions, whether there are NULLs, the elements' type; then for each dimension its size and first index.
        guard bytes.count >= 12 else { return nil }
        let dimensions = bytes.bigEndian(at: 0, as: Int32.self)
        if dimensions == 0 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { return nil }
        let elementType = bytes.bigEndian(at: 8, as: UInt32.self)
        let count = Int(bytes.bigEndian(at: 12, as: Int32.self))
        // Each element takes at least its length: a broken count reserves no memory.
        guard count >= 0, count <= (bytes.count - 20) / 4 else { return nil }
        var elements: [Wrapped?] = []
        elements.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            guard offset + 4 <= bytes.count else { return nil }
            let length = Int(bytes.bigEndian(at: offset, as: Int32.self))
            offset += 4
            if length < 0 {
                elements.append(nil)
                continue
            }
            guard offset + length <= bytes.count else { return nil }
            let slice = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
            guard let element = Wrapped(postgres: slice, type: elementType) else { return nil }
            elements.append(element)
            offset += length
        }
        return elements
    }
}
