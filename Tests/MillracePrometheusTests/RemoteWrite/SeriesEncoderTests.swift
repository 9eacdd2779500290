import MillraceCore
import MillracePrometheus
import MillraceTesting
import SwiftProtobuf
import Testing

@Suite("Samples as remote write sends them")
struct SeriesEncoderTests {
    @Test("are the bytes that the specification of the wire says")
    func golden() throws {
        var encoder = SeriesEncoder()
        encoder.append(try EncodedSeries(MetricSeries(MetricName("up"), MetricLabels(["a": "b"]))), 1, at: Self.time(7))
        let label: [UInt8] = [0x0A, 0x0E, 0x0A, 8] + Array("__name__".utf8) + [0x12, 2] + Array("up".utf8)
        let other: [UInt8] = [0x0A, 6, 0x0A, 1, 0x61, 0x12, 1, 0x62]
        let sample: [UInt8] = [0x12, 11, 0x09, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F, 0x10, 7]
        let content = label + other + sample
        #expect(encoder.byteCount == content.count + 2)
        #expect(encoder.take() == [0x0A, UInt8(content.count)] + content)
    }

    @Test("are byte for byte what swift-protobuf writes, and read by it as they were")
    func oracle() throws {
        var random = TestSeed.generator()
        var encoder = SeriesEncoder(capacity: 0)
        for _ in 0..<25 {
            let samples = (0..<Int.random(in: 0...40, using: &random)).map { _ in RandomSamples.sample(using: &random) }
            var expected = Prometheus_WriteRequest()
            for sample in samples {
                encoder.append(sample)
                expected.timeseries.append(OracleRequest.timeSeries(of: sample))
            }
            #expect(encoder.sampleCount == samples.count)
            #expect(encoder.oldest == samples.map(\.time).min() && encoder.newest == samples.map(\.time).max())
            let bytes = encoder.take()
            let wanted: [UInt8] = try expected.serializedBytes()
            #expect(bytes == wanted)
            #expect(
                OracleRequest.bits(try Prometheus_WriteRequest(serializedBytes: bytes)) == OracleRequest.bits(expected))
        }
    }

    @Test("keep the bits of every number: zero of both signs, the smallest, infinity, the marker, and one NaN")
    func bits() throws {
        let series = EncodedSeries(MetricSeries(try MetricName("m")))
        let numbers: [(sent: Double, arrives: UInt64)] = [
            (0, 0), (-0.0, 0x8000_0000_0000_0000), (.leastNonzeroMagnitude, 1), (.infinity, 0x7FF0_0000_0000_0000),
            (-.infinity, 0xFFF0_0000_0000_0000), (StaleMarker.value, 0x7FF0_0000_0000_0002),
            (.nan, 0x7FF8_0000_0000_0001), (.signalingNaN, 0x7FF8_0000_0000_0001),
            (Double(bitPattern: 0xFFF0_0000_0000_0002), 0x7FF8_0000_0000_0001),
            (Double(bitPattern: 0x7FF0_0000_0000_0003), 0x7FF8_0000_0000_0001),
            (.greatestFiniteMagnitude, Double.greatestFiniteMagnitude.bitPattern),
        ]
        var encoder = SeriesEncoder()
        for number in numbers { encoder.append(series, number.sent, at: Self.time(1)) }
        let request = try Prometheus_WriteRequest(serializedBytes: encoder.take())
        #expect(request.timeseries.map { $0.samples[0].value.bitPattern } == numbers.map(\.arrives))
    }

    @Test("have times in whole milliseconds, rounded down, at either end and before 1970")
    func times() throws {
        let series = EncodedSeries(MetricSeries(try MetricName("m")))
        let times: [(microseconds: Int64, milliseconds: Int64)] = [
            (0, 0), (999, 0), (1_000, 1), (1_999, 1), (-1, -1), (-1_000, -1), (-1_001, -2),
            (.max, .max / 1_000), (.min, .min / 1_000 - 1), (1_767_225_600_123_456, 1_767_225_600_123),
        ]
        var encoder = SeriesEncoder()
        for time in times { encoder.append(series, 1, at: Timestamp(microseconds: time.microseconds)) }
        let request = try Prometheus_WriteRequest(serializedBytes: encoder.take())
        #expect(request.timeseries.map { $0.samples[0].timestamp } == times.map(\.milliseconds))
    }

    @Test(
        "have labels sorted by bytes, with the metric's name in its place among them, no name twice, and no empty value"
    )
    func labels() throws {
        let labels = try MetricLabels(["Z": "1", "_A": "2", "_b": "3", "a": "4", "A0": "5", "_": "6", "empty": ""])
        var encoder = SeriesEncoder()
        encoder.append(EncodedSeries(MetricSeries(try MetricName("m:n"), labels)), 1, at: Self.time(1))
        let names = try Prometheus_WriteRequest(serializedBytes: encoder.take()).timeseries[0].labels.map(\.name)
        #expect(names == ["A0", "Z", "_", "_A", "__name__", "_b", "a"])
    }

    @Test("are one request when the bodies of two encoders are joined")
    func joined() throws {
        var random = TestSeed.generator()
        let samples = (0..<20).map { _ in RandomSamples.sample(using: &random) }
        var first = SeriesEncoder()
        for sample in samples[..<7] { first.append(sample) }
        var second = SeriesEncoder()
        for sample in samples[7...] { second.append(sample) }
        let request = try Prometheus_WriteRequest(serializedBytes: first.take() + second.take())
        #expect(OracleRequest.bits(request) == samples.map { OracleRequest.bits(OracleRequest.timeSeries(of: $0)) })
    }

    @Test("leave the encoder empty when they are taken")
    func taken() throws {
        var encoder = SeriesEncoder()
        encoder.append(EncodedSeries(MetricSeries(try MetricName("m"))), 1, at: Self.time(1))
        let bytes = encoder.withBytes { Array($0) }
        #expect(bytes == encoder.take())
        #expect(encoder.byteCount == 0 && encoder.sampleCount == 0 && encoder.oldest == nil && encoder.newest == nil)
        #expect(encoder.take().isEmpty)
    }

    private static func time(_ milliseconds: Int64) -> Timestamp { Timestamp(microseconds: milliseconds * 1_000) }
}
