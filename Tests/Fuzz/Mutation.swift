internal import MillraceTesting

/// Breaks bytes as careless programs, disks and networks do.
enum Mutation {
    /// Numbers at which programs err: the edges of the types that formats use.
    private static let edges: [UInt64] = [
        0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFF, .max, .max / 2,
    ]

    /// Up to six changes; those of single bytes are mostly near the beginning, where headers are.
    static func apply(to bytes: inout [UInt8], using generator: inout SeededGenerator) {
        for _ in 0..<Int.random(in: 1...6, using: &generator) where !bytes.isEmpty {
            let end = Bool.random(using: &generator) ? min(bytes.count, 128) : bytes.count
            let place = Int.random(in: 0..<end, using: &generator)
            switch Int.random(in: 0..<8, using: &generator) {
            case 0: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
            case 1: bytes[place] = .random(in: 0 ... .max, using: &generator)
            case 2, 3: overwrite(&bytes, at: place, using: &generator)
            case 4: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
            case 5:
                let length = Int.random(in: 0...min(64, bytes.count - place), using: &generator)
                bytes.removeSubrange(place..<place + length)
            case 6:
                let length = Int.random(in: 0...min(256, bytes.count - place), using: &generator)
                bytes.insert(contentsOf: bytes[place..<place + length], at: place)
            default:
                let count = Int.random(in: 1...16, using: &generator)
                bytes.insert(
                    contentsOf: (0..<count).map { _ in UInt8.random(in: 0 ... .max, using: &generator) }, at: place)
            }
        }
    }

    /// Puts an edge in the place of a number of one to eight bytes, in either order.
    private static func overwrite(_ bytes: inout [UInt8], at place: Int, using generator: inout SeededGenerator) {
        let width = 1 << Int.random(in: 0...3, using: &generator)
        let edge = edges[Int.random(in: edges.indices, using: &generator)]
        let isBigEndian = Bool.random(using: &generator)
        for index in 0..<width where place + index < bytes.count {
            let shift = 8 * (isBigEndian ? width - 1 - index : index)
            bytes[place + index] = UInt8(truncatingIfNeeded: edge >> UInt64(shift))
        }
    }
}
