internal import MillraceCore

/// What stands before each record of an outbox's files, with a checksum of its own, so that the length in it can be
/// trusted, and what comes behind a damaged record be found again.
///
/// | bytes | what, the lowest byte first |
/// | --- | --- |
/// | 4 | `MROB` |
/// | 4 | CRC32C of the rest of the head |
/// | 1 | kind |
/// | 1 | 0 |
/// | 2 | shard |
/// | 4 | length of the body behind the head |
/// | 4 | CRC32C of the body |
/// | 4 | number of samples |
/// | 8 | sequence |
/// | 8 | time of the oldest sample, in microseconds |
/// | 8 | time of the newest sample |
/// | 8 | how many samples were ever enqueued, up to and with this record |
struct RecordHead: Equatable {
    enum Kind: UInt8 {
        /// What was known when the file was begun: JSON of `OutboxSnapshot`.
        case snapshot = 1
        /// Samples.
        case block
        /// What became of samples: a list of `OutboxEvent`.
        case events
        /// What was refused, in a file of its own.
        case quarantine
    }

    static let size = 56
    private static let magic = Array("MROB".utf8)

    var kind: Kind
    var shard = 0
    var bodyCount: Int
    var checksum: UInt32
    var sampleCount = 0
    var sequence: UInt64 = 0
    var oldest = Timestamp(microseconds: 0)
    var newest = Timestamp(microseconds: 0)
    var total = 0

    /// Describes a body.
    init(_ kind: Kind, body: [UInt8]) {
        self.kind = kind
        bodyCount = body.count
        checksum = Self.sum(body[...])
    }

    /// Reads a head; `nil` when there is no sound one at this place.
    init?(_ bytes: [UInt8], at start: Int) {
        guard start >= 0, start + Self.size <= bytes.count, bytes[start..<start + 4].elementsEqual(Self.magic) else {
            return nil
        }
        func number<Number: FixedWidthInteger>(_ place: Int) -> Number {
            bytes.withUnsafeBytes {
                Number(littleEndian: $0.loadUnaligned(fromByteOffset: start + place, as: Number.self))
            }
        }
        guard number(4) == Self.sum(bytes[start + 8..<start + Self.size]), let kind = Kind(rawValue: number(8)) else {
            return nil
        }
        self.kind = kind
        shard = Int(number(10) as UInt16)
        bodyCount = Int(number(12) as UInt32)
        checksum = number(16)
        sampleCount = Int(number(20) as UInt32)
        sequence = number(24)
        oldest = Timestamp(microseconds: number(32))
        newest = Timestamp(microseconds: number(40))
        total = Int(clamping: number(48) as UInt64)
    }

    /// Writes head and body.
    func write(_ body: [UInt8], to bytes: inout [UInt8]) {
        var head: [UInt8] = []
        head.reserveCapacity(Self.size)
        func add(_ number: some FixedWidthInteger) {
            withUnsafeBytes(of: number.littleEndian) { head.append(contentsOf: $0) }
        }
        add(kind.rawValue)
        add(UInt8(0))
        add(UInt16(shard))
        add(UInt32(bodyCount))
        add(checksum)
        add(UInt32(sampleCount))
        add(sequence)
        add(oldest.microseconds)
        add(newest.microseconds)
        add(UInt64(total))
        bytes.append(contentsOf: Self.magic)
        withUnsafeBytes(of: Self.sum(head[...]).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: head)
        bytes.append(contentsOf: body)
    }

    /// The checksum of bytes.
    static func sum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        var sum = CRC32C()
        bytes.withUnsafeBytes { sum.add($0) }
        return sum.value
    }

    /// The next place from here on at which there is a sound head.
    static func next(in bytes: [UInt8], from start: Int) -> Int? {
        guard bytes.count >= size else { return nil }
        let (first, last) = (magic[0], bytes.count - size)
        var place = start
        while place <= last {
            guard let found = bytes[place...last].firstIndex(of: first) else { return nil }
            if RecordHead(bytes, at: found) != nil { return found }
            place = found + 1
        }
        return nil
    }
}
