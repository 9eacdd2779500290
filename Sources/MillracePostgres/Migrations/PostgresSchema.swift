public import MillraceCore

/// The tables of a store: what version they have, what brings them up to date, and where they differ from what they
/// should be.
///
/// Opening a store does the same as ``migrate()``; this is for those who do it by hand, or look first.
public struct PostgresSchema: Sendable {
    /// One step that changed the schema, or would.
    public struct Step: Hashable, Sendable {
        /// The version of the schema after it.
        public let version: Int
        /// What it is for.
        public let name: String
    }

    /// The version that this program makes.
    public static var newestVersion: Int { Migration.all.last?.version ?? 0 }

    private let configuration: PostgresConfiguration
    private let migrations: [Migration]

    /// Names a schema; nothing is connected before something is asked.
    public init(_ configuration: PostgresConfiguration) {
        self.init(configuration, migrations: Migration.all)
    }

    init(_ configuration: PostgresConfiguration, migrations: [Migration]) {
        self.configuration = configuration
        self.migrations = migrations
    }

    /// The version of the schema; 0 when there is none.
    ///
    /// - Throws: `newerVersion`, `corrupted` when the schema is another program's, `unavailable`; each names the server.
    public func version() async throws(StoreError) -> Int {
        try await withMigrator { migrator, connection in try await migrator.version(on: connection) }
    }

    /// Applies the steps that are missing, each in a transaction of its own. Programs that do so at the same time wait for
    /// each other, and each step is applied once.
    ///
    /// - Returns: the steps that were applied by this call.
    /// - Throws: as ``version()``; `readOnly` when the user has not the right, saying what to grant.
    public func migrate() async throws(StoreError) -> [Step] {
        try await withMigrator { migrator, connection in
            try await migrator.migrate(on: connection).map { Step(version: $0.version, name: $0.name) }
        }
    }

    /// What ``migrate()`` would do, as a script for `psql`; empty when the schema is up to date.
    public func script() async throws(StoreError) -> String {
        try await withMigrator { migrator, connection in try await migrator.script(on: connection) }
    }

    /// Where the schema differs from what its version should be: tables, columns, constraints, indexes, triggers, rules
    /// and functions; of a newer version, what is missing or changed. Needs the right to make temporary tables; nothing is left behind.
    public func differences() async throws(StoreError) -> [SchemaDifference] {
        try await withMigrator { migrator, connection in try await migrator.differences(on: connection) }
    }

    private func withMigrator<Value: Sendable>(
        _ body: (Migrator, PostgresConnection) async throws -> Value
    ) async throws(StoreError) -> Value {
        let place = configuration.description
        do {
            let connection = try await PostgresConnection.connect(configuration)
            defer { connection.close() }
            return try await body(
                Migrator(schema: configuration.schema, place: place, migrations: migrations), connection)
        } catch {
            throw StoreError(postgres: error, store: place)
        }
    }
}
