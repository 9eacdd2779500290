public import MillraceCore

/// What a run would do, found out without storing anything; see ``Millrace/plan(_:with:options:store:logger:)``.
public struct TranscriptionPlan: Sendable, Hashable {
    /// Where the result of a chunk would come from.
    public enum Origin: String, Sendable, Hashable {
        /// From the engine.
        case engine
        /// From the cache.
        case cache
        /// From the run that was begun before and would be gone on with.
        case earlier
        /// From nowhere: there is no sound in it at all, so that it is not sent.
        case silence
    }

    /// One chunk.
    public struct Chunk: Sendable, Hashable {
        /// What it covers.
        public let range: SampleRange
        /// Where its result would come from.
        public let origin: Origin
    }

    /// The recording.
    public let source: RecordingSource
    /// The chunks, in order.
    public let chunks: [Chunk]

    /// Chunks that would come from somewhere.
    public func count(_ origin: Origin) -> Int { chunks.count { $0.origin == origin } }

    /// The length of what the engine would be sent, in seconds of sound.
    public var secondsToSend: Double {
        let samples = chunks.reduce(Int64(0)) { $0 + ($1.origin == .engine ? Int64($1.range.count) : 0) }
        return Double(samples) / Double(SampleRange.sampleRate)
    }
}
