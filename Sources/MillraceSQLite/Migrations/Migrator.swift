internal import GRDB
internal import MillraceCore

/// Brings a store to the newest version of the schema, forward only, one transaction a step.
struct Migrator {
    /// Marks a file as Millrace's own: "Mill" in ASCII.
    static let applicationID = 0x4D69_6C6C

    let migrations: [Migration]

    /// Looks at a file without changing it.
    ///
    /// - Throws: when it is not empty and not a store, or a newer one.
    func inspect(_ path: String) throws {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .timeout(5)
        _ = try DatabaseQueue(path: path, configuration: configuration).read { db in try version(of: db) }
    }

    /// Applies the steps that are missing. Processes that start together wait for one another and apply each once.
    func migrate(_ pool: DatabasePool, at now: Timestamp) throws {
        if try pool.read({ db in try version(of: db) }) == newest { return }
        try pool.writeWithoutTransaction { db in
            for migration in migrations {
                try db.inTransaction(.immediate) {
                    if try version(of: db) < migration.version { try apply(migration, to: db, at: now) }
                    return .commit
                }
            }
        }
    }

    /// Refuses a store that would have to be migrated.
    ///
    /// - Throws: `notFound` when the file is empty, `olderVersion`, and as ``version(of:)``.
    func requireNewest(in db: Database) throws {
        let version = try version(of: db)
        guard version > 0 else { throw StoreError(.notFound, "the file is empty, and not a store yet") }
        guard version == newest else {
            throw StoreError(
                .olderVersion,
                """
                the store has schema version \(version), which is brought to \(newest) by the first command that works \
                on it, such as millrace jobs stats; this one changes nothing
                """)
        }
    }

    private var newest: Int { migrations.last?.version ?? 0 }

    /// The version of a file's schema: 0 for an empty file.
    ///
    /// - Throws: `corrupted` when the file is another program's, `newerVersion`.
    func version(of db: Database) throws -> Int {
        let application = try Int.fetchOne(db, sql: "PRAGMA application_id") ?? 0
        guard application == Self.applicationID else {
            let tables = try Int.fetchOne(db, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            guard application == 0, tables == 0 else {
                throw StoreError(.corrupted, "it belongs to another program; choose another file with --store")
            }
            return 0
        }
        let version = try Int.fetchOne(db, sql: "SELECT max(version) FROM schema_migrations") ?? 0
        guard version <= newest else {
            throw StoreError(
                .newerVersion,
                "the store has schema version \(version), this program knows \(newest); use a newer millrace")
        }
        return version
    }

    private func apply(_ migration: Migration, to db: Database, at now: Timestamp) throws {
        try db.execute(sql: migration.sql)
        try db.execute(
            sql: "INSERT INTO schema_migrations (version, name, applied_at) VALUES (?, ?, ?)",
            arguments: [migration.version, migration.name, now.microseconds])
    }
}
