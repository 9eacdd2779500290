internal import MillraceCore

/// Brings a schema to the newest version, forward only, one transaction a step.
///
/// Nothing depends on the session, so it works through PgBouncer in transaction mode.
struct Migrator: Sendable {
    /// What has been tried; older servers lack what the statements use.
    static let oldestServer = 140_000

    /// The schema's name, without quotes.
    let schema: String
    /// The server, for messages.
    let place: String
    let migrations: [Migration]
    /// How long it waits for another program that is at it.
    let patience: Duration

    init(
        schema: String, place: String, migrations: [Migration] = Migration.all, patience: Duration = .seconds(60)
    ) {
        self.schema = schema
        self.place = place
        self.migrations = migrations
        self.patience = patience
    }

    /// The version that this program knows.
    var newest: Int { migrations.last?.version ?? 0 }

    private var quoted: String { "\"\(schema)\"" }

    /// The version of the schema: 0 when there is none, or an empty one. May be newer than this program, if programs of
    /// this version can work with it.
    ///
    /// - Throws: `newerVersion`; `corrupted` when the schema is another program's.
    func version(on connection: PostgresConnection) async throws -> Int {
        try await version(of: try await state(on: connection), on: connection)
    }

    /// Makes sure that this program can work with the schema as it is.
    ///
    /// - Throws: as ``version(on:)``; `notFound` when there is no store, `olderVersion` when a step is missing.
    func require(on connection: PostgresConnection) async throws {
        let version = try await version(on: connection)
        guard version > 0 else {
            throw StoreError(
                .notFound, "there is no store in \(place); make one with millrace migrate")
        }
        guard version >= newest else {
            throw StoreError(
                .olderVersion,
                "\(place) has schema version \(version), this program needs \(newest); run millrace migrate")
        }
    }

    /// Applies the steps that are missing. Programs that start together wait for one another and apply each once.
    ///
    /// - Returns: the steps that this call applied.
    /// - Throws: as ``version(on:)``; `readOnly` when the user has not the right; `invalid` for a server or a database
    ///   that will not do.
    @discardableResult
    func migrate(on connection: PostgresConnection) async throws -> [Migration] {
        let state = try await state(on: connection)
        let version = try await version(of: state, on: connection)
        guard version < newest else { return [] }
        try requireRights(state)
        var applied: [Migration] = []
        for migration in migrations where migration.version > version {
            if try await apply(migration, on: connection) { applied.append(migration) }
        }
        return applied
    }

    /// Everything that ``migrate(on:)`` would do, as a script for `psql`; empty when nothing is missing.
    func script(on connection: PostgresConnection) async throws -> String {
        let state = try await state(on: connection)
        let version = try await version(of: state, on: connection)
        return migrations.filter { $0.version > version }
            .map { migration in
                """
                BEGIN;
                \(lock)
                \(statements(of: migration, makesSchema: migration.version == 1 && !state.hasSchema))
                COMMIT;

                """
            }
            .joined(separator: "\n")
    }

    /// How the schema differs from what its version should be; reads the catalog and leaves nothing behind.
    ///
    /// What it should be is made by the same steps, as temporary tables of a transaction that is rolled back. Of a version
    /// that is newer than this program, only what is missing or changed is known to be wrong: the rest may be the newer
    /// program's.
    func differences(on connection: PostgresConnection) async throws -> [SchemaDifference] {
        let version = try await version(on: connection)
        var found: (actual: SchemaDescription, wanted: SchemaDescription)?
        do {
            found = try await connection.withTransaction { connection in
                // What is on the path is named without its schema, and so the same wherever it is.
                try await connection.run(script: "SET LOCAL search_path = pg_catalog, pg_temp")
                let actual = try await SchemaDescription.read(schema, on: connection)
                for migration in migrations where migration.version <= version {
                    try await connection.run(script: migration.sql(in: "pg_temp"))
                }
                throw RolledBack(descriptions: (actual, try await SchemaDescription.read(nil, on: connection)))
            }
        } catch let end as RolledBack {
            found = end.descriptions
        }
        guard let found else { return [] }
        return SchemaDifference.all(
            in: version > newest ? found.actual.restricted(to: found.wanted) : found.actual, from: found.wanted)
    }

    private struct RolledBack: Error {
        let descriptions: (actual: SchemaDescription, wanted: SchemaDescription)
    }

    private func state(on connection: PostgresConnection) async throws -> SchemaState {
        let state = try await SchemaState.read(schema, on: connection)
        guard state.serverVersion >= Self.oldestServer else {
            throw StoreError(
                .invalid,
                "PostgreSQL \(state.serverName) at \(place) is too old; Millrace needs \(Self.oldestServer / 10_000) or newer"
            )
        }
        return state
    }

    private func version(of state: SchemaState, on connection: PostgresConnection) async throws -> Int {
        guard state.isStore else {
            guard state.relations == 0 else {
                throw StoreError(
                    .corrupted,
                    "schema \(schema) of \(place) belongs to another program; name another, as in ?schema=millrace2")
            }
            return 0
        }
        guard state.mayUseSchema else {
            throw StoreError(
                .readOnly,
                """
                user \(state.user) may not use schema \(schema) of \(place); connect as its owner, or let that one \
                grant its rights
                """)
        }
        let rows = try await connection.query(
            """
            SELECT coalesce(max(version), 0), coalesce(max(usable_from), 0) FROM \(quoted).schema_migrations
            """)
        let version = Int(try rows[0].value(0, as: Int32.self))
        guard try rows[0].value(1, as: Int32.self) <= newest else {
            throw StoreError(
                .newerVersion,
                "\(place) has schema version \(version), this program knows \(newest); use a newer millrace")
        }
        return version
    }

    private func requireRights(_ state: SchemaState) throws(StoreError) {
        guard state.encoding == "UTF8" else {
            throw StoreError(
                .invalid,
                """
                the database of \(place) has the encoding \(state.encoding); make one with createdb --encoding=UTF8 \
                --template=template0
                """)
        }
        if state.hasSchema ? state.mayCreateTables && state.mayUseSchema : state.mayCreateSchema { return }
        throw StoreError(
            .readOnly,
            state.hasSchema
                ? """
                user \(state.user) may not make tables in schema \(schema) of \(place); let its owner run: \
                GRANT USAGE, CREATE ON SCHEMA \(quoted) TO \"\(state.user)\"
                """
                : """
                user \(state.user) may not make schema \(schema) in \(place); let the database's owner run: \
                CREATE SCHEMA \(quoted) AUTHORIZATION \"\(state.user)\"
                """)
    }

    /// - Returns: whether it was missing still when its turn had come.
    private func apply(_ migration: Migration, on connection: PostgresConnection) async throws -> Bool {
        try await connection.withTransaction { connection in
            try await connection.run(script: lock)
            let state = try await state(on: connection)
            guard try await version(of: state, on: connection) < migration.version else { return false }
            try await connection.run(script: statements(of: migration, makesSchema: !state.hasSchema))
            return true
        }
    }

    /// Held until the transaction ends. A program that hangs in the middle must not keep all others for ever.
    private var lock: String {
        """
        SET LOCAL lock_timeout = '\(patience.components.seconds)s';
        SELECT pg_advisory_xact_lock(hashtextextended('millrace schema \(schema)', 0));
        """
    }

    private func statements(of migration: Migration, makesSchema: Bool) -> String {
        """
        \(makesSchema ? "CREATE SCHEMA \(quoted);\n" : "")\(migration.sql(in: quoted))
        INSERT INTO \(quoted).schema_migrations (version, name, usable_from)
        VALUES (\(migration.version), '\(migration.name)', \(migration.usableFrom));
        """
    }
}
