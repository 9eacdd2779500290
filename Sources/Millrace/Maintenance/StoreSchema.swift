public import MillraceCore
internal import MillracePostgres
internal import MillraceSQLite

/// The tables of a store: what version they have, what brings them up to date, and where they differ from what they
/// should be.
///
/// Opening a store brings it up to date too; this is for those who look first, or whose programs may not change tables.
public struct StoreSchema: Sendable {
    /// The store's location.
    public let location: StoreLocation

    /// Names a store; nothing is opened before it is asked for something.
    public init(store location: StoreLocation) {
        self.location = location
    }

    /// The version that this program makes.
    public var newestVersion: Int {
        switch location.place {
        case .file: SQLiteMaintenance.newestSchemaVersion
        case .server: PostgresSchema.newestVersion
        }
    }

    /// The version that the store has; 0 for one that is not there.
    ///
    /// - Throws: `newerVersion`, `corrupted`, `unavailable`; each message names the store.
    public func version() async throws(StoreError) -> Int {
        switch location.place {
        case .server(let configuration):
            return try await PostgresSchema(configuration).version()
        case .file(let path):
            do {
                return try await SQLiteMaintenance(path: path).schemaVersion()
            } catch {
                if error.code == .notFound { return 0 }
                throw error
            }
        }
    }

    /// Brings the store to the newest version, and makes it when it is not there. Programs that do so at the same time do it
    /// once.
    ///
    /// - Throws: as ``version()``; `readOnly` when the user has not the right, saying what to grant.
    public func migrate() async throws(StoreError) {
        switch location.place {
        case .server(let configuration): _ = try await PostgresSchema(configuration).migrate()
        case .file(let path): _ = try await SQLiteStore.open(path: path)
        }
    }

    /// What ``migrate()`` would do, as a script for `psql`; empty when nothing is missing.
    ///
    /// - Throws: as ``version()``; `invalid` for a SQLite file.
    public func script() async throws(StoreError) -> String {
        guard case .server(let configuration) = location.place else {
            throw StoreError(
                .invalid, "\(location) is a SQLite file, which needs no script: millrace migrate brings it up to date")
        }
        return try await PostgresSchema(configuration).script()
    }

    /// Where the tables differ from what their version should be, a line each.
    ///
    /// - Throws: as ``version()``.
    public func differences() async throws(StoreError) -> [String] {
        switch location.place {
        case .server(let configuration):
            return try await PostgresSchema(configuration).differences().map(\.description)
        case .file(let path):
            return try await SQLiteMaintenance(path: path).schemaFindings().map(\.description)
        }
    }
}
