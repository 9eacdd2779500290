internal import GRDB
internal import MillraceCore

/// Compares the tables, indexes and triggers of a store with those that its version has when it is made anew.
enum SchemaCheck {
    private struct Part: Hashable {
        let type: String
        let name: String
    }

    /// What is missing. Something more may be the caller's own.
    static func findings(in db: Database, version: Int) throws -> [StoreFinding] {
        let present = try parts(of: db)
        return try parts(of: model(version: version))
            .filter { present[$0.key] == nil }
            .keys.sorted { $0.name < $1.name }
            .map { part in
                // A trigger that was missing has left counts wrong; that is found and mended by itself.
                part.type != "table"
                    ? StoreFinding(.index, "\(part.type) \(part.name)", "is missing", remedy: .mendable)
                    : StoreFinding(
                        .damage, "table \(part.name)", "is missing; restore a backup", remedy: .none)
            }
    }

    /// Makes missing indexes and triggers.
    static func makeMissing(in db: Database) throws {
        let present = try parts(of: db)
        let version = try Migrator(migrations: Migration.all).version(of: db)
        for (part, sql) in try parts(of: model(version: version)) where present[part] == nil && part.type != "table" {
            try db.execute(sql: sql)
        }
    }

    /// The names of all indexes, also of those that keep values unique.
    static func indexes(of db: Database) throws -> [String] {
        try db.rows("SELECT name FROM sqlite_master WHERE type = 'index' ORDER BY name", []) { try $0.value() }
    }

    /// Makes one index anew from its table.
    static func makeAnew(_ index: String, in db: Database) throws {
        try db.execute(sql: "REINDEX \(index.quotedDatabaseIdentifier)")
    }

    /// The statements that make a store, by what they make.
    private static func parts(of db: Database) throws -> [Part: String] {
        let rows = try db.rows(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('table', 'index', 'trigger') AND sql IS NOT NULL",
            []
        ) { (Part(type: try $0.value(), name: try $0.value()), try $0.value(String.self)) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    private static func parts(of model: DatabaseQueue) throws -> [Part: String] {
        try model.read { db in try parts(of: db) }
    }

    /// A store of a version in memory.
    private static func model(version: Int) throws -> DatabaseQueue {
        let model = try DatabaseQueue()
        try model.writeWithoutTransaction { db in
            for migration in Migration.all where migration.version <= version { try db.execute(sql: migration.sql) }
        }
        return model
    }
}
