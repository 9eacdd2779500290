public import MillraceCore

/// The labels of a series as remote write sends them: `Label` fields, with `__name__`, in the order of the names' bytes.
///
/// To be made once for a series, and kept for all of its samples.
public struct EncodedSeries: Hashable, Sendable {
    /// The fields.
    public let labels: [UInt8]

    /// Writes the labels of a series.
    public init(_ series: MetricSeries) {
        var labels: [UInt8] = []
        labels.reserveCapacity(16 + series.name.text.utf8.count + series.labels.all.count * 32)
        var hasName = false
        for label in series.labels.all {
            // Capitals come before `_`.
            if !hasName, Self.nameLabel < label.name.text {
                Self.write(Self.nameLabel, series.name.text, to: &labels)
                hasName = true
            }
            Self.write(label.name.text, label.value, to: &labels)
        }
        if !hasName { Self.write(Self.nameLabel, series.name.text, to: &labels) }
        self.labels = labels
    }

    /// The label that holds the metric's name.
    static let nameLabel = "__name__"

    private static func write(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        let nameCount = name.utf8.count
        let valueCount = value.utf8.count
        bytes.append(WireField.labels)
        let size = 2 + Varint.size(UInt64(nameCount)) + nameCount + Varint.size(UInt64(valueCount)) + valueCount
        Varint.append(UInt64(size), to: &bytes)
        bytes.append(WireField.labelName)
        Varint.append(UInt64(nameCount), to: &bytes)
        bytes.append(contentsOf: name.utf8)
        bytes.append(WireField.labelValue)
        Varint.append(UInt64(valueCount), to: &bytes)
        bytes.append(contentsOf: value.utf8)
    }
}
