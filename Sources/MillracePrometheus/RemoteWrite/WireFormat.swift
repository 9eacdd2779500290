/// The tags of remote write's fields, as they stand before each: the field's number and the kind of what follows.
enum WireField {
    /// `WriteRequest.timeseries`, a message.
    static let timeSeries: UInt8 = 0x0A
    /// `TimeSeries.labels`, a message.
    static let labels: UInt8 = 0x0A
    /// `TimeSeries.samples`, a message.
    static let samples: UInt8 = 0x12
    /// `Label.name`, a text.
    static let labelName: UInt8 = 0x0A
    /// `Label.value`, a text.
    static let labelValue: UInt8 = 0x12
    /// `Sample.value`, eight bytes.
    static let sampleValue: UInt8 = 0x09
    /// `Sample.timestamp`, a number of milliseconds.
    static let sampleTime: UInt8 = 0x10
}

/// Numbers as protobuf writes them: seven bits a byte, the lowest first.
enum Varint {
    /// No number is longer.
    static let maximumSize = 10

    /// How many bytes a number takes.
    static func size(_ number: UInt64) -> Int {
        max(1, (UInt64.bitWidth - number.leadingZeroBitCount + 6) / 7)
    }

    /// Adds a number to bytes.
    static func append(_ number: UInt64, to bytes: inout [UInt8]) {
        var rest = number
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Writes a number into room that is there.
    ///
    /// - Returns: where it ends.
    @inline(__always)
    static func write(_ number: UInt64, to room: UnsafeMutableRawPointer, at start: Int) -> Int {
        var rest = number
        var position = start
        while rest >= 0x80 {
            room.storeBytes(of: UInt8(truncatingIfNeeded: rest) | 0x80, toByteOffset: position, as: UInt8.self)
            rest >>= 7
            position += 1
        }
        room.storeBytes(of: UInt8(rest), toByteOffset: position, as: UInt8.self)
        return position + 1
    }
}
