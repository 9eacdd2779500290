import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import TestServers
import Testing

/// What `store copy` takes along is all there is.
@Suite(.bounded) struct StoreTableTests {
    /// What follows from the rest, or belongs to processes.
    private static let left: Set<String> = [
        "schema_migrations", "store_state", "workers", "leaders", "job_counts", "job_count_changes", "queue_floors",
    ]

    private func require(_ stored: [String: Set<String>], besides other: [String: Set<String>]) {
        for (table, columns) in stored where !Self.left.contains(table) {
            let copied = StoreTable.all.first { $0.name == table }.map { Set($0.columns.map(\.name)) } ?? []
            #expect(columns.subtracting(other[table] ?? []) == copied, "\(table)")
        }
        #expect(Set(StoreTable.all.map(\.name)).isSubset(of: stored.keys))
    }

    @Test func `every table and column of a file is copied, or follows from the rest`() async throws {
        try await Workplace.with { place in
            _ = try SQLiteStore(path: place.store)
            let stored = try await DatabaseQueue(path: place.store).read { db in
                let tables = try String.fetchAll(
                    db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
                return try Dictionary(
                    uniqueKeysWithValues: tables.map { table in
                        (
                            table,
                            Set(
                                try String.fetchAll(
                                    db, sql: "SELECT name FROM pragma_table_info(?)", arguments: [table]))
                        )
                    })
            }
            var tables = stored
            // The sound stands with its chunk in PostgreSQL.
            tables["chunk_tasks", default: []].insert("audio")
            tables["chunk_audio"] = nil
            require(tables, besides: ["processing_tasks": ["claimed_at"]])
        }
    }

    @Test func `every table and column of PostgreSQL is filled, or follows from the rest`() async throws {
        try await Workplace.withPostgres { place, contents in
            #expect(try await place.millrace(["cache", "stats"]).status == 0)
            let lines = try await contents.schema.server.psql(
                """
                SELECT table_name, column_name FROM information_schema.columns
                WHERE table_schema = '\(contents.schema.name)' AND is_generated = 'NEVER'
                """)
            var tables: [String: Set<String>] = [:]
            for line in lines.split(separator: "\n") {
                let fields = line.split(separator: "|").map(String.init)
                tables[fields[0], default: []].insert(fields[1])
            }
            require(tables, besides: ["processing_tasks": ["next_chunk", "claimed_at"]])
        }
    }
}
