public import MillraceCore
internal import MillracePostgres
internal import MillraceSQLite
internal import MillraceSpeech

/// Moves everything from a store in a file into an empty one in a PostgreSQL database: all of it, or nothing.
///
/// The file is as it was afterwards. Nobody can write to either store meanwhile.
public struct StoreTransfer: Sendable {
    /// What arrived.
    public struct Outcome: Sendable {
        /// A table as it arrived.
        public struct Table: Sendable, Hashable {
            /// Its name in both stores.
            public let name: String
            /// Its rows.
            public let rows: Int
            /// The SHA-256 of their content in order, the same in both stores.
            public let hash: ContentHash
        }

        /// The tables, in the order in which they were copied.
        public let tables: [Table]
        /// The decoded recordings that runs still need and that came along, to the folder of the new store on this host.
        public let recordings: Int
        /// The paths of those that could not be copied there, and are to be copied by hand or decoded again.
        public let leftRecordings: [String]
    }

    /// The store that is read.
    public let source: StoreLocation
    /// The store that is filled.
    public let target: StoreLocation

    private let path: String
    private let configuration: PostgresConfiguration

    /// Names both stores; nothing is opened before ``run(onTable:)``.
    ///
    /// - Throws: `invalid` unless the one is a file and the other a database.
    public init(from source: StoreLocation, to target: StoreLocation) throws(StoreError) {
        guard let path = source.path else {
            throw StoreError(
                .invalid, "only a store in a file can be copied; copy one of PostgreSQL with pg_dump and pg_restore")
        }
        guard case .server(let configuration) = target.place else {
            throw StoreError(
                .invalid,
                "a store is copied into PostgreSQL (postgres://…); for a copy in a file use millrace store backup")
        }
        self.source = source
        self.target = target
        self.path = path
        self.configuration = configuration
    }

    /// Copies everything, and compares what arrived with what was sent.
    ///
    /// `onTable` is called with each table that has arrived whole, and its rows; all of it counts when this returns.
    ///
    /// - Throws: `busy` when a worker's lease on the file holds or another process keeps writing to it; `conflict` when
    ///   the new store is not empty; `notFound`, and whatever else keeps a store from being opened. Nothing has changed then.
    public func run(
        onTable: @escaping @Sendable (_ name: String, _ rows: Int) -> Void = { _, _ in }
    ) async throws(StoreError) -> Outcome {
        let export = try await SQLiteExport.open(path: path)
        let result: Result<Outcome, StoreError>
        do throws(StoreError) {
            result = .success(try await copy(export, onTable: onTable))
        } catch {
            result = .failure(error)
        }
        await export.close()
        return try result.get()
    }

    private func copy(
        _ export: SQLiteExport, onTable: @escaping @Sendable (String, Int) -> Void
    ) async throws(StoreError) -> Outcome {
        try await RepositoryFactory.withDatabase(configuration, migrates: true) {
            (store, decodedFolder) async throws(StoreError) in
            let digests = try await PostgresImport(store).run(
                cacheVersion: export.cacheVersion(),
                from: { (table, key) async throws(StoreError) in
                    try await export.rows(of: table, after: key)
                },
                onTable: { onTable($0.name, $1) })
            let old = RecordingPlanner(decodedFolder: source.decodedFolder(storeID: ""))
            let needed = try await SQLiteMaintenance(path: path).recordingsInUse(await old.decodedRecordings())
            let left = await RecordingPlanner(decodedFolder: decodedFolder).copyDecoded(needed, from: old)
            return Outcome(
                tables: StoreTable.all.compactMap { table in
                    digests[table.name].map {
                        Outcome.Table(name: table.name, rows: $0.rows, hash: $0.finish())
                    }
                },
                recordings: needed.count - left.count, leftRecordings: left)
        }
    }
}
