public import MillraceCore

/// What a look at a whole recording tells: which it is, and where to cut it.
public struct RecordingSurvey: Hashable, Sendable {
    /// The recording.
    public let source: RecordingSource
    /// The chunks, in order; together the whole recording or the part that was asked for, none sharing a sample with
    /// another.
    public let ranges: [SampleRange]

    /// Describes a recording.
    public init(source: RecordingSource, ranges: [SampleRange]) {
        self.source = source
        self.ranges = ranges
    }
}
