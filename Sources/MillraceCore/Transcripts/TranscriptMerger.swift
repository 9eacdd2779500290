/// Puts the results of chunks together: in order, with the times of the whole recording.
///
/// Feed it every chunk by index, then ask for the transcript. A chunk that failed leaves a gap, marked where it is.
/// Chunks share no sound, so nothing is dropped or doubled at a cut.
public struct TranscriptMerger: Sendable {
    private var segments: [Segment] = []
    private var wordsByLanguage: [String: Int] = [:]
    private var summary = ChunkSummary(total: 0, completed: 0, failed: 0, cached: 0)

    /// Makes a merger that has seen no chunk.
    public init() {}

    /// Adds the next chunk.
    public mutating func add(_ chunk: ChunkTask) {
        summary.total += 1
        guard chunk.status == .completed, let result = chunk.result else {
            summary.failed += 1
            let range = chunk.range
            segments.append(
                Segment(
                    start: range.startSeconds, end: range.endSeconds,
                    text: "[missing: chunk \(chunk.index), \(Self.clock(range.startSeconds)) to "
                        + "\(Self.clock(range.endSeconds))]",
                    isGap: true))
            return
        }
        summary.completed += 1
        if chunk.isFromCache { summary.cached += 1 }
        let spoken = result.segments.filter { !$0.text.allSatisfy(\.isWhitespace) }.sorted { $0.start < $1.start }
        segments += spoken.map { $0.shifted(by: chunk.range.startSeconds) }
        if let language = result.language {
            let words = spoken.reduce(0) { $0 + $1.text.split(separator: " ").count }
            wordsByLanguage[language, default: 0] += words
        }
    }

    /// Writes what was added into a transcript and gives it its final status.
    ///
    /// COMPLETED without gaps; with some, PARTIAL or FAILED by policy; FAILED if every chunk failed.
    public func finish(_ transcript: inout Transcript, policy: FailurePolicy, at now: Timestamp) {
        transcript.segments = segments
        transcript.text = segments.map(\.text).joined(separator: " ")
        // The language of most words; by name among equals, so that every merge decides alike.
        transcript.language = wordsByLanguage.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
        transcript.chunks = summary
        transcript.completedAt = now
        transcript.status =
            if summary.failed == 0 {
                .completed
            } else if summary.completed == 0 || policy == .fail {
                .failed
            } else {
                .partial
            }
    }

    private static func clock(_ seconds: Double) -> String {
        let whole = Int(seconds)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(two(whole / 3_600)):\(two(whole / 60 % 60)):\(two(whole % 60))"
    }
}
