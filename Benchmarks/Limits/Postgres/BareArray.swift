/// An array as the server takes it in binary, without NULLs.
struct BareArray {
    /// What its elements are, by the number of their type in the server's catalog.
    enum Element: UInt32 {
        case int8 = 20
        case uuid = 2950
        case jsonb = 3802
    }

    private(set) var bytes: [UInt8] = []

    init(of element: Element, count: Int) {
        // Dimensions, whether there are NULLs, the type; then the length and the first index of the one dimension.
        for number in [1, 0, element.rawValue, UInt32(count), 1] { append(number) }
    }

    mutating func append(_ element: some Collection<UInt8>) {
        append(UInt32(element.count))
        bytes += element
    }

    private mutating func append(_ number: UInt32) {
        withUnsafeBytes(of: number.bigEndian) { bytes += $0 }
    }
}
