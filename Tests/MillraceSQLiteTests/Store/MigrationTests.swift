import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

@Suite("Opening a SQLite file")
struct MigrationTests {
    private func path(_ name: String = "m.db") throws -> String {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-open-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.appendingPathComponent(name).path
    }

    private func code(opening path: String) -> StoreError.Code? {
        do throws(StoreError) {
            _ = try SQLiteStore(path: path)
            return nil
        } catch {
            // The message is all that a user sees: it names the file and no statement.
            let isClear = error.code == .newerVersion || error.message.contains(path)
            return isClear && !error.description.contains("SELECT") ? error.code : .unexpected
        }
    }

    @Test("keeps the versions of the schema in a table, and applies each once")
    func versions() async throws {
        let path = try path()
        for _ in 0..<2 { _ = try SQLiteStore(path: path) }
        let versions = try await DatabaseQueue(path: path).read { db in
            try Int.fetchAll(db, sql: "SELECT version FROM schema_migrations ORDER BY version")
        }
        #expect(versions == Array(1...versions.count))
    }

    @Test("ten that open a new file at once migrate it once")
    func together() async throws {
        let path = try path()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 { group.addTask { _ = try SQLiteStore(path: path) } }
            try await group.waitForAll()
        }
        let count = try await DatabaseQueue(path: path).read { db in
            try Int.fetchOne(db, sql: "SELECT count(*) FROM schema_migrations WHERE version = 1")
        }
        #expect(count == 1)
    }

    @Test("refuses a file of a newer version")
    func newer() async throws {
        let path = try path()
        _ = try SQLiteStore(path: path)
        try await DatabaseQueue(path: path).write { db in
            try db.execute(sql: "INSERT INTO schema_migrations VALUES (9999, 'from the future', 0)")
        }
        #expect(code(opening: path) == .newerVersion)
    }

    @Test("refuses another program's SQLite file, and leaves it as it is")
    func foreign() async throws {
        let path = try path()
        let queue = try DatabaseQueue(path: path)
        try await queue.write { db in try db.execute(sql: "CREATE TABLE theirs (x)") }
        try queue.close()
        let before = try Data(contentsOf: URL(fileURLWithPath: path))
        #expect(code(opening: path) == .corrupted)
        let tables = try await DatabaseQueue(path: path).read { db in
            try String.fetchAll(db, sql: "SELECT name FROM sqlite_master")
        }
        #expect(tables == ["theirs"])
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    }

    @Test("refuses what is no SQLite file, a folder, and a place below a file")
    func garbage() throws {
        let path = try path("notes.txt")
        try Data(String(repeating: "no database ", count: 500).utf8).write(to: URL(fileURLWithPath: path))
        #expect(code(opening: path) == .corrupted)
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        #expect(code(opening: folder) == .unavailable)
        #expect(throws: StoreError.self) { try SQLiteStore(path: path + "/m.db") }
    }

    @Test("a store from before metrics can be looked into as it is, and gets their tables when it is opened")
    func beforeMetrics() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        try await place.tamper(
            """
            DROP TABLE metrics; DROP TABLE metric_collectors; DELETE FROM schema_migrations WHERE version >= 7
            """)
        let before = try await place.maintenance.info()
        #expect(before.schemaVersion == 6 && before.samples == 0)
        #expect(try await place.maintenance.check() == [])
        let store = try SQLiteStore(path: place.path, options: SQLiteStore.Options(clock: place.clock))
        let series = MetricSeries(try MetricName("depth"))
        let repository = SQLiteMetricsRepository(store)
        try await repository.write([MetricSample(series, 3, at: place.clock.now())])
        #expect(try await repository.queryLatest(series.name, tags: .none) == 3)
        let after = try await place.maintenance.info()
        #expect(after.schemaVersion == SQLiteMaintenance.newestSchemaVersion && after.samples == 1)
        #expect(after.jobs == before.jobs && after.chunks == before.chunks)
    }

    @Test("the tables themselves refuse what no rule allows")
    func checks() async throws {
        let temporary = try TemporaryStore()
        try await SQLiteJobQueueRepository(temporary.store).enqueue(JobRequest(JobType("work")))
        let queue = try DatabaseQueue(path: temporary.store.path)
        let wrong = [
            "UPDATE processing_jobs SET status = 'DONE'", "UPDATE processing_jobs SET priority = 4",
            "UPDATE processing_jobs SET status = 'PROCESSING'", "UPDATE processing_jobs SET status = 'COMPLETED'",
            "UPDATE processing_jobs SET worker_id = 'x'",
            "INSERT INTO metrics VALUES (NULL, 'depth', 'many', '{}', 0)",
            "INSERT INTO metrics VALUES (NULL, 'depth', 1, '{}', 0)",
            "INSERT INTO metrics VALUES (NULL, '', 1.0, '{}', 0)",
            """
            INSERT INTO chunk_tasks (id, processing_id, chunk_index, start_sample, end_sample)
            VALUES ('a', 'no such', 0, 0, 1)
            """,
            Self.chunk("b", index: 0, of: "p"),
        ]
        try await queue.write { db in
            try db.execute(
                sql: """
                    INSERT INTO transcripts VALUES ('t', '', '', 0, 'FAILED', NULL, '', '', 0, 0, 0, 0, 0, NULL, 0);
                    INSERT INTO processing_tasks (
                        id, transcript_id, run_key, source, recipe, engine, queue_name, total_chunks, created_at,
                        updated_at
                    ) VALUES ('p', 't', '', '', '', '', '', 1, 0, 0);
                    \(Self.chunk("a", index: 0, of: "p"))
                    """)
        }
        for sql in wrong {
            await #expect(throws: DatabaseError.self, "\(sql)") {
                try await queue.write { db in try db.execute(sql: sql) }
            }
        }
    }

    private static func chunk(_ id: String, index: Int, of processing: String) -> String {
        """
        INSERT INTO chunk_tasks (id, processing_id, chunk_index, start_sample, end_sample)
        VALUES ('\(id)', '\(processing)', \(index), 0, 1)
        """
    }
}
