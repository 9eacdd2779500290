/// The place of a job in the order of its group, as the server sends it and compares it.
struct BareCursor: Comparable {
    private var microseconds: Int64
    private var high: UInt64
    private var low: UInt64

    /// Before every job.
    init() {
        // What the server takes for the beginning of time.
        microseconds = .min
        high = 0
        low = 0
    }

    init(time: UnsafeRawBufferPointer, id: UnsafeRawBufferPointer) {
        microseconds = Int64(bigEndian: time.loadUnaligned(as: Int64.self))
        high = UInt64(bigEndian: id.loadUnaligned(as: UInt64.self))
        low = UInt64(bigEndian: id.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
    }

    var time: [UInt8] { withUnsafeBytes(of: microseconds.bigEndian) { Array($0) } }

    var id: [UInt8] {
        withUnsafeBytes(of: high.bigEndian) { Array($0) } + withUnsafeBytes(of: low.bigEndian) { Array($0) }
    }

    static func < (left: Self, right: Self) -> Bool {
        (left.microseconds, left.high, left.low) < (right.microseconds, right.high, right.low)
    }
}
