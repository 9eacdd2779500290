/// The `timeseries` fields of a body, by where they lie in it.
///
/// Reads what ``SeriesEncoder`` writes, and nothing else: labels, then samples, of which the oldest is first.
struct SeriesFields {
    /// A `timeseries` field.
    struct Field: Equatable {
        /// The whole field, its tag included.
        let range: Range<Int>
        /// Its labels, with their tags.
        let labels: Range<Int>
        /// Its samples, each with its tag.
        var samples: [Sample]
    }

    /// A `samples` field.
    struct Sample: Equatable {
        /// The whole field, its tag included.
        let range: Range<Int>
        /// Its time, in milliseconds since 1970.
        let time: Int64
    }

    /// The fields, in their order; `nil` when the bytes are no such fields.
    static func read(_ body: [UInt8]) -> [Field]? {
        body.withUnsafeBufferPointer { body in
            var fields: [Field] = []
            var cursor = WireCursor(body, in: 0..<body.count)
            while !cursor.isAtEnd {
                let start = cursor.position
                guard let content = cursor.message(WireField.timeSeries) else { return nil }
                guard let field = field(body, start..<cursor.position, content) else { return nil }
                fields.append(field)
            }
            return fields
        }
    }

    private static func field(
        _ body: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ content: Range<Int>
    ) -> Field? {
        var cursor = WireCursor(body, in: content)
        while cursor.isNext(WireField.labels) {
            guard cursor.message(WireField.labels) != nil else { return nil }
        }
        let labels = content.lowerBound..<cursor.position
        var samples: [Sample] = []
        while !cursor.isAtEnd {
            let start = cursor.position
            guard let sample = cursor.message(WireField.samples), let time = time(body, sample) else { return nil }
            samples.append(Sample(range: start..<cursor.position, time: time))
        }
        guard !labels.isEmpty, !samples.isEmpty else { return nil }
        return Field(range: range, labels: labels, samples: samples)
    }

    private static func time(_ body: UnsafeBufferPointer<UInt8>, _ sample: Range<Int>) -> Int64? {
        var cursor = WireCursor(body, in: sample)
        if cursor.isNext(WireField.sampleValue) {
            guard cursor.skip(9) else { return nil }
        }
        guard !cursor.isAtEnd else { return 0 }
        guard cursor.isNext(WireField.sampleTime), cursor.skip(1), let time = cursor.varint(), cursor.isAtEnd else {
            return nil
        }
        return Int64(bitPattern: time)
    }
}

/// Goes through bytes of protobuf.
struct WireCursor {
    private let bytes: UnsafeBufferPointer<UInt8>
    private let end: Int
    /// Where the next byte lies.
    private(set) var position: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, in range: Range<Int>) {
        self.bytes = bytes
        position = range.lowerBound
        end = range.upperBound
    }

    /// Whether nothing is left.
    var isAtEnd: Bool { position >= end }

    /// Whether a field with this tag is next.
    func isNext(_ tag: UInt8) -> Bool { position < end && bytes[position] == tag }

    /// Passes over bytes; `false` when there are not so many.
    mutating func skip(_ count: Int) -> Bool {
        guard count >= 0, count <= end - position else { return false }
        position += count
        return true
    }

    /// Takes a number; `nil` when there is none.
    mutating func varint() -> UInt64? {
        var number: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = bytes[position]
            position += 1
            number |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return number }
            shift += 7
        }
        return nil
    }

    /// Takes a field with this tag that has a length.
    ///
    /// - Returns: where its content lies; `nil` when there is no such field.
    mutating func message(_ tag: UInt8) -> Range<Int>? {
        guard isNext(tag), skip(1), let size = varint(), let count = Int(exactly: size) else { return nil }
        let start = position
        guard skip(count) else { return nil }
        return start..<position
    }
}
