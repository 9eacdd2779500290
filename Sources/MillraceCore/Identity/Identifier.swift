public import Foundation

/// The identity of an entity: a UUID that cannot be mistaken for another kind's.
///
/// New identifiers are UUIDs of version 7 (RFC 9562): their order is the order of their making, to the millisecond,
/// so rows made together lie together in an index.
public struct Identifier<Entity>: Hashable, Sendable {
    /// The identifier as a plain UUID.
    public let uuid: UUID

    /// Wraps an existing UUID of any version.
    public init(_ uuid: UUID) {
        self.uuid = uuid
    }

    /// Reads the usual form of 36 characters; `nil` when `text` is not a UUID.
    public init?(_ text: String) {
        // By hand, because stores read several identifiers for each row and Foundation goes through `sscanf`.
        var bytes = uuid_t(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        var place = 0
        var high: UInt8?
        for (index, character) in text.utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == UInt8(ascii: "-") else { return nil }
                continue
            }
            guard index < 36, let digit = hexadecimalValue(character) else { return nil }
            guard let first = high else {
                high = digit
                continue
            }
            withUnsafeMutableBytes(of: &bytes) { $0[place] = first << 4 | digit }
            place += 1
            high = nil
        }
        guard place == 16 else { return nil }
        uuid = UUID(uuid: bytes)
    }

    /// Makes a new UUID of version 7: the time in milliseconds, and 74 bits of the generator's.
    public static func make(at time: Timestamp, using generator: inout some RandomNumberGenerator) -> Self {
        let milliseconds = UInt64(max(0, time.microseconds) / 1_000)
        let first = generator.next()
        let second = generator.next()
        func byte(_ value: UInt64, _ index: Int) -> UInt8 { UInt8(truncatingIfNeeded: value >> (8 * index)) }
        return Self(
            UUID(
                uuid: (
                    byte(milliseconds, 5), byte(milliseconds, 4), byte(milliseconds, 3),
                    byte(milliseconds, 2), byte(milliseconds, 1), byte(milliseconds, 0),
                    0x70 | (byte(first, 0) & 0x0F), byte(first, 1),
                    0x80 | (byte(first, 2) & 0x3F), byte(first, 3), byte(second, 0), byte(second, 1),
                    byte(second, 2), byte(second, 3), byte(second, 4), byte(second, 5)
                )))
    }

    /// Makes a new UUID of version 7 with the system's random numbers.
    public static func make(at time: Timestamp) -> Self {
        var generator = SystemRandomNumberGenerator()
        return make(at: time, using: &generator)
    }
}

extension Identifier: CustomStringConvertible {
    /// The identifier in lower case, 36 characters.
    public var description: String {
        // By hand, because stores write an identifier for each row and `UUID.uuidString` is in upper case.
        withUnsafeBytes(of: uuid.uuid) { bytes in
            String(unsafeUninitializedCapacity: 36) { text in
                var place = 0
                for (index, byte) in bytes.enumerated() {
                    if index == 4 || index == 6 || index == 8 || index == 10 {
                        text[place] = UInt8(ascii: "-")
                        place += 1
                    }
                    text[place] = hexadecimalDigit(byte >> 4)
                    text[place + 1] = hexadecimalDigit(byte & 15)
                    place += 2
                }
                return place
            }
        }
    }
}

extension Identifier: Comparable {
    /// Orders as the bytes do, so by time of making for version 7.
    public static func < (left: Identifier, right: Identifier) -> Bool {
        withUnsafeBytes(of: left.uuid.uuid) { left in
            withUnsafeBytes(of: right.uuid.uuid) { right in left.lexicographicallyPrecedes(right) }
        }
    }
}

private func hexadecimalDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}

private func hexadecimalValue(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
    default: nil
    }
}

extension Identifier: Codable {
    /// Decodes the form of 36 characters.
    public init(from decoder: any Decoder) throws {
        uuid = try decoder.singleValueContainer().decode(UUID.self)
    }

    /// Encodes the form of 36 characters, in lower case.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// Identity of a ``Job``.
public typealias JobID = Identifier<Job>
/// Identity of a ``JobQueue``.
public typealias QueueID = Identifier<JobQueue>
/// Identity of a ``Worker``.
public typealias WorkerID = Identifier<Worker>
/// Identity of a ``ParallelProcessor``.
public typealias ProcessingID = Identifier<ParallelProcessor>
/// Identity of a ``ChunkTask``.
public typealias ChunkID = Identifier<ChunkTask>
/// Identity of a ``Transcript``.
public typealias TranscriptID = Identifier<Transcript>
/// Identity of a ``CacheManager``.
public typealias CacheID = Identifier<CacheManager>
/// Identity of a ``MetricsCollector``.
public typealias CollectorID = Identifier<MetricsCollector>
