internal import Foundation
public import Logging
public import MillraceCore
internal import MillracePostgres
public import MillraceSpeech

extension Millrace {
    /// Finds out what ``transcribe(_:with:options:)`` would do, and stores nothing: no row, and no store if there is
    /// none. The engine is not asked, and need not be there.
    ///
    /// A store of an older version is left as it is, and planned without, which is logged.
    ///
    /// What has to be fetched or decoded to know it is kept in the system's temporary folder meanwhile. Without a location
    /// the store is the user's own.
    ///
    /// - Throws: as ``transcribe(_:with:options:)``.
    public static func plan(
        _ input: RecordingInput, with transcriber: any Transcriber = PocketSphinxTranscriber(),
        options: TranscriptionOptions = TranscriptionOptions(), store: StoreLocation? = nil,
        logger: Logger = Logger(label: "millrace")
    ) async throws -> TranscriptionPlan {
        let location = if let store { store } else { try StoreLocation.standard() }
        try options.check(for: transcriber)
        let known = try await known(at: location, logger: logger)
        return try await RecordingPlanner.withTemporaryFolder { planner, reader in
            let survey = try await planner.survey(input, settings: options.chunking, range: options.range)
            return try await plan(
                survey, recipe: options.recipe(for: transcriber.identity), reader: reader, store: known)
        }
    }

    /// The repositories of a store that is only looked at; `nil` when there is nothing to see.
    private static func known(
        at location: StoreLocation, logger: Logger
    ) async throws(StoreError) -> RepositoryFactory? {
        switch location.place {
        case .file(let path):
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            do throws(StoreError) {
                return try await RepositoryFactory(store: location, isReadOnly: true)
            } catch {
                if error.code == .notFound { return nil }
                guard error.code == .olderVersion else { throw error }
            }
        case .server(let configuration):
            let version = try await PostgresSchema(configuration).version()
            if version == 0 { return nil }
            // A newer one says itself whether this program can work with it.
            if version >= PostgresSchema.newestVersion { return try await RepositoryFactory(store: location) }
        }
        logger.warning(
            "The store is of an older version and is left so; planning as if it were empty",
            metadata: ["store": "\(location)"])
        return nil
    }

    private static func plan(
        _ survey: RecordingSurvey, recipe: Recipe, reader: any RecordingReader, store: RepositoryFactory?
    ) async throws -> TranscriptionPlan {
        let whole = SampleRange(
            uncheckedStart: survey.ranges.first?.start ?? 0, end: survey.ranges.last?.end ?? survey.source.sampleCount)
        let runKey = RunKey(recording: survey.source.hash, range: whole, recipe: recipe)
        if let earlier = try await store?.processingRepository().find(runKey), earlier.status.isResumable {
            // Its cuts are those that count; they are never made again.
            var chunks: [TranscriptionPlan.Chunk] = []
            for task in earlier.tasks {
                let origin: TranscriptionPlan.Origin =
                    task.status == .completed
                    ? .earlier : try await origin(of: task.range, survey.source, recipe, reader, store)
                chunks.append(TranscriptionPlan.Chunk(range: task.range, origin: origin))
            }
            return TranscriptionPlan(source: survey.source, chunks: chunks)
        }
        var chunks: [TranscriptionPlan.Chunk] = []
        for range in survey.ranges {
            let origin = try await origin(of: range, survey.source, recipe, reader, store)
            chunks.append(TranscriptionPlan.Chunk(range: range, origin: origin))
        }
        return TranscriptionPlan(source: survey.source, chunks: chunks)
    }

    private static func origin(
        of range: SampleRange, _ source: RecordingSource, _ recipe: Recipe, _ reader: any RecordingReader,
        _ store: RepositoryFactory?
    ) async throws -> TranscriptionPlan.Origin {
        let audio = try await reader.chunk(range, of: source)
        guard audio.samples.contains(where: { $0 != 0 }) else { return .silence }
        guard recipe.usesCache, let store else { return .engine }
        return try await store.cacheRepository().get(.chunk(audio, recipe: recipe)) == nil ? .engine : .cache
    }
}
