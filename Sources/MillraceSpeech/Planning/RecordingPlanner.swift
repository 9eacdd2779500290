internal import Foundation
public import MillraceCore

/// Looks at recordings before they are transcribed: hashes them and finds where to cut them.
///
/// A recording that cannot be sought to the exact sample (OGG, MP3) is decoded once to a FLAC file in the decoded
/// folder, closed to other users, where a ``FileRecordingReader`` on the same folder finds it.
public struct RecordingPlanner: Sendable {
    private let decoded: DecodedFolder

    private static let queue = BlockingQueue(label: "millrace.recording-planner", width: 2)

    /// Makes a planner; the folder is made with mode 0700 when it is first needed.
    public init(decodedFolder: String) {
        decoded = DecodedFolder(path: decodedFolder)
    }

    /// Reads a whole recording, in blocks.
    ///
    /// The path of the source is made absolute. Ends soon after its task is cancelled.
    ///
    /// - Throws: `TranscriptionError` `unreadable`, `noAudio` or `cancelled`.
    public func survey(path: String, settings: ChunkSettings) async throws(TranscriptionError) -> RecordingSurvey {
        try await Self.queue.run { cancellation throws(TranscriptionError) in
            let path = AbsolutePath.of(path)
            let file = try InputFile(path: path)
            let original = try AudioFile(file)
            let hash = try file.contentHash(cancellation)
            let audio = original.isSampleExact ? original : try decoded.file(of: original, hash: hash, cancellation)
            var splitter = SilenceSplitter(settings: settings)
            let count = try audio.forEachBlock { block throws(TranscriptionError) in
                try cancellation.check()
                splitter.feed(block)
            }
            return RecordingSurvey(
                source: RecordingSource(path: path, hash: hash, sampleCount: count), ranges: splitter.ranges())
        }
    }

    /// Looks at the beginning of a recording, to see whether it can be read.
    ///
    /// - Throws: `TranscriptionError` `unreadable` or `cancelled`.
    public func check(path: String) async throws(TranscriptionError) {
        try await Self.queue.run { _ throws(TranscriptionError) in
            _ = try AudioFile(InputFile(path: AbsolutePath.of(path)))
        }
    }

    /// Removes what was decoded of a recording; does nothing when there is nothing.
    public func removeDecoded(hash: ContentHash) async {
        await Self.queue.finish { [decoded] in decoded.remove(hash) }
    }

    /// The recordings of which there is something decoded.
    public func decodedRecordings() async -> [ContentHash] {
        await Self.queue.finish { [decoded] in decoded.recordings() }
    }

    /// Removes what was decoded of all other recordings, and what decoders that are gone left unfinished.
    public func removeOrphans(keeping hashes: Set<ContentHash>) async {
        for orphan in await orphans(keeping: hashes) { await remove(orphan) }
    }

    /// What was decoded of other recordings, an hour ago or longer, and what decoders that are gone left unfinished.
    public func orphans(keeping hashes: Set<ContentHash>) async -> [OrphanedRecording] {
        await Self.queue.finish { [decoded] in decoded.orphans(keeping: hashes) }
    }

    /// Removes what nobody needs.
    public func remove(_ orphan: OrphanedRecording) async {
        await Self.queue.finish { [decoded] in decoded.remove(orphan) }
    }
}
