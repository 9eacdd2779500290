public import MillraceCore

/// Writes samples as the `timeseries` fields of remote write's `WriteRequest`, one behind the other, into a buffer that is
/// used again.
///
/// Bodies may be joined: the fields of two are those of one request. Samples of a series must be added oldest first.
public struct SeriesEncoder: Sendable {
    private var buffer: [UInt8]
    /// How many bytes are written.
    public private(set) var byteCount = 0
    /// How many samples are written.
    public private(set) var sampleCount = 0
    /// The time of the oldest sample that is written; `nil` without one.
    public private(set) var oldest: Timestamp?
    /// The time of the newest sample that is written; `nil` without one.
    public private(set) var newest: Timestamp?

    /// Makes an encoder, with room for so many bytes before it grows.
    public init(capacity: Int = 16_384) {
        buffer = [UInt8](repeating: 0, count: max(capacity, 64))
    }

    /// Adds a sample of a series whose labels are at hand. Of the time it keeps the milliseconds, rounded down.
    ///
    /// A value that is not a number goes out as ``/MillraceCore/StaleMarker/otherNaN``, unless it is the marker itself.
    public mutating func append(_ series: EncodedSeries, _ value: Double, at time: Timestamp) {
        append(series, value, atMilliseconds: Self.milliseconds(of: time))
        oldest = oldest.map { min($0, time) } ?? time
        newest = newest.map { max($0, time) } ?? time
    }

    /// Adds a sample.
    public mutating func append(_ sample: MetricSample) {
        append(EncodedSeries(sample.series), sample.value, at: sample.time)
    }

    /// The bytes, after which the encoder has none; its buffer stays.
    public mutating func take() -> [UInt8] {
        let body = Array(buffer[..<byteCount])
        removeAll()
        return body
    }

    /// Hands out the bytes without a copy; they stay.
    public func withBytes<Result>(_ body: (UnsafeBufferPointer<UInt8>) throws -> Result) rethrows -> Result {
        try buffer.withUnsafeBufferPointer { try body(UnsafeBufferPointer(rebasing: $0[..<byteCount])) }
    }

    /// Forgets what is written; the buffer stays.
    public mutating func removeAll() {
        byteCount = 0
        sampleCount = 0
        oldest = nil
        newest = nil
    }

    /// The whole milliseconds since 1970, rounded down, also before it.
    public static func milliseconds(of time: Timestamp) -> Int64 {
        time.microseconds / 1_000 - (time.microseconds % 1_000 < 0 ? 1 : 0)
    }

    private mutating func append(_ series: EncodedSeries, _ value: Double, atMilliseconds time: Int64) {
        let bits = value.isNaN && !StaleMarker.isMarker(value) ? StaleMarker.otherNaN.bitPattern : value.bitPattern
        // proto3 leaves out what is zero, by its bits.
        let valueSize = bits == 0 ? 0 : 9
        let timeSize = time == 0 ? 0 : 1 + Varint.size(UInt64(bitPattern: time))
        let sampleSize = valueSize + timeSize
        let size = series.labels.count + 2 + sampleSize
        makeRoom(for: size + 1 + Varint.maximumSize)
        let start = byteCount
        byteCount = buffer.withUnsafeMutableBytes { buffer in
            guard let room = buffer.baseAddress else { return start }
            room.storeBytes(of: WireField.timeSeries, toByteOffset: start, as: UInt8.self)
            var position = Varint.write(UInt64(size), to: room, at: start + 1)
            series.labels.withUnsafeBytes { labels in
                guard let labels = labels.baseAddress else { return }
                (room + position).copyMemory(from: labels, byteCount: series.labels.count)
            }
            position += series.labels.count
            room.storeBytes(of: WireField.samples, toByteOffset: position, as: UInt8.self)
            // A sample is shorter than 128 bytes.
            room.storeBytes(of: UInt8(sampleSize), toByteOffset: position + 1, as: UInt8.self)
            position += 2
            if bits != 0 {
                room.storeBytes(of: WireField.sampleValue, toByteOffset: position, as: UInt8.self)
                room.storeBytes(of: bits.littleEndian, toByteOffset: position + 1, as: UInt64.self)
                position += 9
            }
            if time != 0 {
                room.storeBytes(of: WireField.sampleTime, toByteOffset: position, as: UInt8.self)
                position = Varint.write(UInt64(bitPattern: time), to: room, at: position + 1)
            }
            return position
        }
        sampleCount += 1
    }

    private mutating func makeRoom(for count: Int) {
        guard buffer.count - byteCount < count else { return }
        buffer.append(contentsOf: repeatElement(0, count: max(buffer.count, count)))
    }
}
