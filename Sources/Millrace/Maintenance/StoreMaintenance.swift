public import MillraceCore
internal import MillracePostgres
internal import MillraceSQLite
internal import MillraceSpeech

/// Looks after a store: what is in it, whether it is whole, copies of it, and what may go.
///
/// Works on a file by itself, whether others have it open or not; where there is no store it makes none (`notFound`).
/// Of a store in PostgreSQL it tells what is in it and deletes what is old; for the rest there are the tools of the
/// server, which it names (`invalid`).
public struct StoreMaintenance: Sendable {
    /// The store's location.
    public let location: StoreLocation

    private let clock: any WallClock

    /// Names a store; nothing is opened before it is asked for something.
    public init(store location: StoreLocation, clock: any WallClock = SystemWallClock()) {
        self.location = location
        self.clock = clock
    }

    /// The file.
    ///
    /// - Throws: `invalid` when the store is a database, with what to do `instead`.
    private func file(orElse instead: (_ schema: String) -> String) throws(StoreError) -> SQLiteMaintenance {
        switch location.place {
        case .file(let path): return SQLiteMaintenance(path: path, clock: clock)
        case .server(let configuration):
            throw StoreError(.invalid, "the store \(location) is in PostgreSQL; \(instead(configuration.schema))")
        }
    }

    /// Counts what the store holds, without changing it.
    public func info() async throws(StoreError) -> StoreInfo {
        switch location.place {
        case .file(let path): return try await SQLiteMaintenance(path: path, clock: clock).info()
        case .server(let configuration):
            return try await RepositoryFactory.withDatabase(configuration, migrates: false) {
                (store, _) async throws(StoreError) in
                try await PostgresMaintenance(store).info()
            }
        }
    }

    /// Looks for everything that is wrong: in the file, in its rows, between them, and in the decoded recordings beside
    /// it.
    ///
    /// With `repair` it mends what follows from what is stored. Others may work on the store meanwhile.
    ///
    /// - Returns: what is or was wrong, each with its remedy; none for a store that is whole.
    /// - Throws: `StoreError` when there is no store to check.
    public func check(repair: Bool = false) async throws(StoreError) -> [StoreFinding] {
        let file = try file { schema in
            """
            millrace migrate --check looks at its tables and pg_amcheck --schema=\(schema) at its files; counters and \
            merges are mended by any worker
            """
        }
        var findings = try await file.check(repair: repair)
        // Of a damaged store nobody knows what it needs.
        guard !findings.contains(where: { $0.kind == .damage }) else { return findings }
        let orphans = await planner.orphans(keeping: try await neededRecordings(file))
        if repair { for orphan in orphans { await planner.remove(orphan) } }
        findings += orphans.map { orphan in
            StoreFinding(
                .audio, orphan.path, "is a decoded recording that no run needs", remedy: repair ? .mended : .mendable)
        }
        return findings
    }

    /// Copies the store as it is at one moment, however busy it is, and verifies the copy.
    ///
    /// The copy is one file with mode 0600; recordings are no part of it.
    ///
    /// - Throws: `StoreError` `conflict` when there is a file of that name that may not be replaced; `corrupted` when
    ///   the store is damaged; `full` and others. No part of a copy is left behind.
    public func backup(to path: String, replacing: Bool = false) async throws(StoreError) -> StoreCopy {
        try await file { "back it up with pg_dump --format=custom --schema=\($0) (or by a base backup)" }
            .backup(to: StoreLocation.file(path).description, replacing: replacing)
    }

    /// Verifies a backup, puts a copy of it in the place of the store, and keeps the former file beside it.
    ///
    /// The store must not be open in any process. It has a new identity afterwards.
    ///
    /// - Throws: `StoreError` `busy` when a process has the store open or a worker's lease holds; `notFound`,
    ///   `corrupted` or `newerVersion` when the backup is not good. Nothing has changed then.
    public func restore(from path: String) async throws(StoreError) -> StoreCopy {
        // Without --schema: that would restore tables, and not the schema that they belong in.
        try await file { _ in "restore a backup of pg_dump with pg_restore --dbname=…, which makes its schema" }
            .restore(from: StoreLocation.file(path).description)
    }

    /// Deletes what ended long ago, a little at a time, so that others hardly wait; decoded recordings that no run
    /// needs go with it.
    ///
    /// Jobs that ended, processings that are COMPLETED or CANCELLED, and cached values that have expired. Transcripts
    /// stay, and so does what can be resumed, unless `StorePruning.includesTranscripts` says otherwise.
    ///
    /// - Returns: what was deleted; for a dry run, what would be.
    public func prune(_ pruning: StorePruning) async throws(StoreError) -> StorePruned {
        switch location.place {
        case .file(let path):
            let file = SQLiteMaintenance(path: path, clock: clock)
            var pruned = try await file.prune(pruning)
            let needed = try await neededRecordings(file)
            pruned.recordings = await prune(planner, keeping: needed, isDryRun: pruning.isDryRun)
            return pruned
        case .server(let configuration):
            return try await RepositoryFactory.withDatabase(configuration, migrates: false) {
                (store, decodedFolder) async throws(StoreError) in
                var pruned = try await PostgresMaintenance(store).prune(pruning)
                let planner = RecordingPlanner(decodedFolder: decodedFolder)
                let transcripts = PostgresTranscriptRepository(store)
                var needed: Set<ContentHash> = []
                for hash in await planner.decodedRecordings() where try await transcripts.isInUse(hash: hash) {
                    needed.insert(hash)
                }
                pruned.recordings = await prune(planner, keeping: needed, isDryRun: pruning.isDryRun)
                return pruned
            }
        }
    }

    /// Removes the decoded recordings on this host that nobody needs, or counts them.
    private func prune(_ planner: RecordingPlanner, keeping needed: Set<ContentHash>, isDryRun: Bool) async -> Int {
        let orphans = await planner.orphans(keeping: needed)
        if !isDryRun { for orphan in orphans { await planner.remove(orphan) } }
        return orphans.count
    }

    private var planner: RecordingPlanner { RecordingPlanner(decodedFolder: location.decodedFolder(storeID: "")) }

    /// The decoded recordings that a run may still need.
    private func neededRecordings(_ file: SQLiteMaintenance) async throws(StoreError) -> Set<ContentHash> {
        try await file.recordingsInUse(await planner.decodedRecordings())
    }
}
