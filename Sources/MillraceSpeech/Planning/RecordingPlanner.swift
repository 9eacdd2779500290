public import MillraceCore

/// Takes recordings in before they are transcribed: hashes them and finds where to cut them.
///
/// A recording that cannot be sought to the exact sample (everything but WAV and FLAC files), or that comes by a URL or
/// standard input, is decoded once to a FLAC file in the decoded folder, closed to other users, where a
/// ``FileRecordingReader`` on the same folder finds it. What libsndfile does not know is decoded by `ffmpeg`.
public struct RecordingPlanner: Sendable {
    private let intake: RecordingIntake

    private static let queue = BlockingQueue(label: "millrace.recording-planner", width: 2)

    /// Makes a planner; the folder is made with mode 0700 when it is first needed.
    public init(decodedFolder: String) {
        self.init(RecordingIntake(decoded: DecodedFolder(path: decodedFolder)))
    }

    init(_ intake: RecordingIntake) {
        self.intake = intake
    }

    /// Reads a whole recording, in blocks, and cuts the part that is wanted.
    ///
    /// The path of the source is made absolute. Ends soon after its task is cancelled. What throws leaves nothing behind.
    ///
    /// - Throws: `TranscriptionError` `unreadable`, `notAudio`, `noAudio`, `outOfRange`, `changed` or `cancelled`.
    public func survey(
        _ input: RecordingInput, settings: ChunkSettings, range: RecordingRange = .whole
    ) async throws(TranscriptionError) -> RecordingSurvey {
        let arrival = try await intake.take(input)
        do throws(TranscriptionError) {
            return try await Self.queue.run { cancellation throws(TranscriptionError) in
                try Self.survey(arrival, name: input.name, settings: settings, range: range, cancellation)
            }
        } catch {
            if arrival.isNew { await removeDecoded(hash: arrival.hash) }
            throw error
        }
    }

    /// Looks at the beginning of a recording, to see whether it can be read; a URL is not asked, and standard input not
    /// read.
    ///
    /// - Throws: `TranscriptionError` `unreadable`, `notAudio`, `noAudio` or `cancelled`.
    public func check(_ input: RecordingInput) async throws(TranscriptionError) {
        guard case .file(let path) = input else { return }
        try await intake.check(AbsolutePath.of(path))
    }

    private static func survey(
        _ arrival: RecordingIntake.Arrival, name: String, settings: ChunkSettings, range: RecordingRange,
        _ cancellation: Cancellation
    ) throws(TranscriptionError) -> RecordingSurvey {
        let audio = try AudioFile(InputFile(path: arrival.soundPath, name: name))
        let wanted = try range.samples(of: audio.sampleCount, name: name)
        var splitter = SilenceSplitter(settings: settings)
        var heard: Int64 = 0
        let count = try audio.forEachBlock { block throws(TranscriptionError) in
            try cancellation.check()
            let start = max(0, min(Int64(block.count), wanted.start - heard))
            let end = max(start, min(Int64(block.count), wanted.end - heard))
            splitter.feed(block[Int(start)..<Int(end)])
            heard += Int64(block.count)
        }
        return RecordingSurvey(
            source: RecordingSource(path: arrival.path, hash: arrival.hash, sampleCount: count),
            ranges: splitter.ranges().map {
                SampleRange(uncheckedStart: $0.start + wanted.start, end: $0.end + wanted.start)
            })
    }

    /// Runs something with a planner, and a reader of the same recordings, that keep what they decode in the system's
    /// temporary folder, and remove it when that has ended.
    public static func withTemporaryFolder<Value: Sendable>(
        _ body: (RecordingPlanner, FileRecordingReader) async throws -> Value
    ) async throws -> Value {
        let folder = try await queue.run { _ throws(TranscriptionError) in
            ScratchFolder.removeAbandoned()
            return try ScratchFolder()
        }
        let intake = RecordingIntake(decoded: DecodedFolder(path: folder.path))
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(RecordingPlanner(intake), FileRecordingReader(intake)))
        } catch {
            result = .failure(error)
        }
        await queue.finish { folder.remove() }
        return try result.get()
    }

    /// Removes what was decoded of a recording; does nothing when there is nothing.
    public func removeDecoded(hash: ContentHash) async {
        await Self.queue.finish { [decoded = intake.decoded] in decoded.remove(hash) }
    }

    /// Copies what was decoded of recordings from the folder of another planner, unless it is here.
    ///
    /// - Returns: the files that could not be copied.
    public func copyDecoded(_ hashes: Set<ContentHash>, from other: RecordingPlanner) async -> [String] {
        await Self.queue.finish { [decoded = intake.decoded, other = other.intake.decoded] in
            hashes.map(\.hex).sorted().map { ContentHash(stored: $0) }
                .filter { !decoded.copy($0, from: other) }
                .map(other.file)
        }
    }

    /// The recordings of which there is something decoded.
    public func decodedRecordings() async -> [ContentHash] {
        await Self.queue.finish { [decoded = intake.decoded] in decoded.recordings() }
    }

    /// Removes what was decoded of all other recordings, and what processes that are gone left unfinished.
    public func removeOrphans(keeping hashes: Set<ContentHash>) async {
        for orphan in await orphans(keeping: hashes) { await remove(orphan) }
    }

    /// What was decoded of other recordings, an hour ago or longer, and what processes that are gone left unfinished.
    public func orphans(keeping hashes: Set<ContentHash>) async -> [OrphanedRecording] {
        await Self.queue.finish { [decoded = intake.decoded] in decoded.orphans(keeping: hashes) }
    }

    /// Removes what nobody needs.
    public func remove(_ orphan: OrphanedRecording) async {
        await Self.queue.finish { [decoded = intake.decoded] in decoded.remove(orphan) }
    }
}
