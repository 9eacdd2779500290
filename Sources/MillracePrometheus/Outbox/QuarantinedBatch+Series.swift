public import MillraceCore

extension QuarantinedBatch {
    /// The series that it has samples of, in their order; none when the bytes are not those of a batch.
    public var series: [MetricSeries] {
        (SeriesFields.read(body) ?? []).compactMap { Self.series(body, $0.labels) }
    }

    private static func series(_ body: [UInt8], _ range: Range<Int>) -> MetricSeries? {
        var labels: [String: String] = [:]
        body.withUnsafeBufferPointer { bytes in
            var cursor = WireCursor(bytes, in: range)
            while let label = cursor.message(WireField.labels) {
                var fields = WireCursor(bytes, in: label)
                guard let name = fields.message(WireField.labelName), let value = fields.message(WireField.labelValue)
                else { continue }
                labels[String(decoding: bytes[name], as: UTF8.self)] = String(decoding: bytes[value], as: UTF8.self)
            }
        }
        guard let name = labels.removeValue(forKey: "__name__"), let labels = try? MetricLabels(labels) else {
            return nil
        }
        return MetricSeries(MetricName(stored: name), labels)
    }
}
