import MillraceCore
import MillracePrometheus
import SwiftProtobuf

/// Requests as swift-protobuf understands them.
enum OracleRequest {
    /// What a sample is to be on the wire.
    static func timeSeries(of sample: MetricSample) -> Prometheus_TimeSeries {
        var series = Prometheus_TimeSeries()
        let labels = sample.series.labels.all.map { ($0.name.text, $0.value) } + [("__name__", sample.series.name.text)]
        series.labels = labels.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }.map { name, value in
            var label = Prometheus_Label()
            label.name = name
            label.value = value
            return label
        }
        var point = Prometheus_Sample()
        point.value = sample.value
        point.timestamp = Int64((Double(sample.time.microseconds) / 1_000).rounded(.down))
        series.samples = [point]
        return series
    }

    /// A series in a form that tells numbers by their bits and texts by their bytes.
    static func bits(_ series: Prometheus_TimeSeries) -> [String] {
        series.labels.map { "\(Array($0.name.utf8))=\(Array($0.value.utf8))" }
            + series.samples.map { "\($0.value.bitPattern)@\($0.timestamp)" }
    }

    /// All series of a request in that form.
    static func bits(_ request: Prometheus_WriteRequest) -> [[String]] {
        request.timeseries.map { bits($0) }
    }

    /// Reads a body as it goes over the wire.
    static func decompressed(_ body: [UInt8]) throws -> Prometheus_WriteRequest? {
        guard let bytes = SnappyBlock.decompress(body, limit: 64 << 20) else { return nil }
        return try Prometheus_WriteRequest(serializedBytes: bytes)
    }
}
