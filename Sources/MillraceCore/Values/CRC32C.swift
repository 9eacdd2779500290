/// The cyclic redundancy check of RFC 3720, appendix B.4 (Castagnoli's polynomial), eight bytes at a time.
package struct CRC32C {
    private var state = UInt32.max

    /// Of nothing so far.
    package init() {}

    /// The checksum of what was added so far.
    package var value: UInt32 { ~state }

    /// Takes in what follows.
    package mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var state = state
        var place = 0
        Self.tables.withUnsafeBufferPointer { tables in
            while place + 8 <= bytes.count {
                let word =
                    UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ UInt64(state)
                state = 0
                for index in 0..<8 {
                    let byte = Int(truncatingIfNeeded: word >> (8 * UInt64(index))) & 0xFF
                    state ^= tables[(7 - index) << 8 | byte]
                }
                place += 8
            }
            for byte in bytes[place...] {
                state = state >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: state) ^ byte)]
            }
        }
        self.state = state
    }

    /// Eight tables of 256: what a byte comes to that has 0 to 7 others behind it.
    private static let tables: [UInt32] = {
        var tables: [UInt32] = (0..<256).map { byte in
            (0..<8).reduce(UInt32(byte)) { sum, _ in sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0x82F6_3B78 }
        }
        for _ in 256..<8 * 256 {
            let last = tables[tables.count - 256]
            tables.append(last >> 8 ^ tables[Int(UInt8(truncatingIfNeeded: last))])
        }
        return tables
    }()
}
