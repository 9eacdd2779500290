import Foundation
import GRDB
import TestServers
import Testing

/// `millrace store copy`.
@Suite(.bounded) struct StoreCopyTests {
    private struct Table: Decodable {
        let table: String
        let rows: Int
        let sha256: String
    }

    /// A store in a file with something in each table: finished, half done, uploaded, cached, cancelled, failed.
    private func fill(_ place: Workplace, _ engine: EngineScript) async throws -> (done: String, open: String) {
        let done = try Recordings.bursts(4, in: place, name: "done.wav", seed: 1)
        let open = try Recordings.bursts(6, in: place, name: "open.wav", seed: 2)
        let file = ["--store", place.path("old.db")]
        func run(_ arguments: [String]) async throws -> Ending {
            try await place.run(Program.path, arguments + file)
        }
        let first = try await run(["transcribe", done, "--format", "vtt"] + Recordings.burstChunks + engine.options)
        #expect(first.status == 0, "\(first.errors)")
        let left = try await run(
            ["transcribe", open, "--upload", "--detach"] + Recordings.burstChunks + engine.options)
        #expect(left.status == 0, "\(left.errors)")
        let cancelled = try await run(["transcribe", done, "--detach"] + engine.options)
        #expect(
            try await run(["jobs", "cancel", cancelled.output.trimmingCharacters(in: .newlines)]).status == 0)
        #expect(try await run(["cache", "put", "own:key", "kept"]).status == 0)
        #expect(try await run(["cache", "invalidate", "none:*"]).status == 0)
        #expect(try await run(["cache", "get", "own:key"]).status == 0)
        // And an invalidation whose process died, with what it means still there.
        #expect(try await run(["cache", "put", "gone:key", "old"]).status == 0)
        try await DatabaseQueue(path: place.path("old.db")).write { db in
            try db.execute(
                sql: """
                    UPDATE store_state SET value = CAST(value AS INTEGER) + 1 WHERE name = 'cache_version';
                    INSERT INTO cache_changes (version, pattern)
                    SELECT CAST(value AS INTEGER), 'gone:*' FROM store_state WHERE name = 'cache_version';
                    INSERT INTO cache_rules (version, pattern, made_at, place, lease_until)
                    SELECT max(version), 'gone:*', 0, 'gone:', 0 FROM cache_changes;
                    """)
        }
        return (first.output, left.output.trimmingCharacters(in: .newlines))
    }

    @Test func `everything comes along, and what was going on goes on`() async throws {
        try await Workplace.withPostgres { place, contents in
            let engine = try EngineScript(in: place)
            let (_, job) = try await fill(place, engine)
            let copy = try await place.run(
                Program.path, ["store", "copy", place.path("old.db"), place.store, "--json"])
            #expect(copy.status == 0, "\(copy.errors)")
            let tables = try copy.output.split(separator: "\n").map {
                try JSONDecoder().decode(Table.self, from: Data($0.utf8))
            }
            print(copy.output)
            let old = StoreContents(path: place.path("old.db"))
            for table in tables {
                #expect(try await old.count(table.table) == table.rows)
                #expect(try await contents.count(table.table) == table.rows)
                #expect(table.sha256.count == 64)
            }
            #expect(tables.count { $0.rows > 0 } >= 6, "\(copy.output)")
            #expect(try await contents.count("chunk_tasks", where: "audio IS NOT NULL") == 6)
            let version = "SELECT max(version) FROM \(contents.schema.name).cache_changes"
            #expect(
                try await contents.count("store_state", where: "name = 'cache_version' AND value = (\(version))::text")
                    == 1)

            // The invalidation counts, and what is left of it is done.
            #expect(try await contents.count("cache_entries", where: "cache_key = 'gone:key'") == 1)
            #expect(try await place.millrace(["cache", "get", "gone:key"]).output == "")
            #expect(try await contents.count("cache_entries", where: "cache_key = 'gone:key'") == 0)
            #expect(try await contents.count("cache_rules") == 0)

            // The recording is out of reach, and its sound came along.
            try FileManager.default.removeItem(atPath: place.path("open.wav"))
            try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("the job is done") { try await place.job(job).status == "COMPLETED" }
                worker.send(SIGTERM)
            }
            #expect(try await place.millrace(["cache", "get", "own:key"]).output.contains("kept"))
            // The cached chunks came along too: nothing is heard again.
            let heard = try engine.hearings().count
            let again = try await place.millrace(
                ["transcribe", place.path("done.wav")] + Recordings.burstChunks + engine.options)
            #expect(again.status == 0, "\(again.errors)")
            #expect(try engine.hearings().count == heard)
            #expect(try await contents.count("processing_jobs", where: "status = 'CANCELLED'") == 1)
        }
    }

    @Test func `a store that is not empty, is worked on or is no file is refused in one line`() async throws {
        try await Workplace.withPostgres { place, contents in
            let engine = try EngineScript(in: place)
            _ = try await fill(place, engine)
            @Sendable func copy(_ from: String, _ to: String) async throws -> String {
                let end = try await place.run(Program.path, ["store", "copy", from, to])
                #expect(end.status == 1 && end.errorLines.count == 1, "\(end.errors)")
                return end.errors
            }
            let old = place.path("old.db")
            #expect(try await copy(place.store, old).contains("only a store in a file"))
            #expect(try await copy(old, place.path("new.db")).contains("store backup"))
            #expect(try await copy(place.path("none.db"), place.store).contains("there is no store"))
            #expect(!FileManager.default.fileExists(atPath: place.path("none.db")))
            try await place.run(Program.path, ["worker", "--store", old] + engine.options) { worker in
                try await eventually("the worker is there") { try worker.errors().contains("Working on") }
                #expect(try await copy(old, place.store).contains("a worker's lease"))
                worker.send(SIGTERM)
            }
            #expect(try await place.millrace(["cache", "put", "a:key", "b"]).status == 0)
            #expect(try await copy(old, place.store).contains("is not empty"))
            #expect(try await contents.count("processing_tasks") == 0)
        }
    }

    @Test func `a copy that is killed leaves nothing behind, and can be made again`() async throws {
        try await Workplace.withPostgres { place, contents in
            let old = place.path("old.db")
            #expect(try await place.run(Program.path, ["cache", "put", "a:key", "b", "--store", old]).status == 0)
            try await StoreContents(path: old).change(
                """
                WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 200000)
                INSERT INTO cache_entries (cache_key, value, codec, version, created_at, expires_at, accessed_at)
                SELECT 'many:' || n, randomblob(200), 0, 1, 0, 1 << 52, 0 FROM number
                """)
            // The schema is there, so that what is seen of the copy is the copy.
            #expect(try await place.millrace(["cache", "stats"]).status == 0)
            let end = try await place.run(Program.path, ["store", "copy", old, place.store]) { running in
                try await eventually("it copies") {
                    // It stands still while it is looked at, so that it has not copied all by then.
                    running.send(SIGSTOP)
                    defer { running.send(SIGCONT) }
                    let text = try await contents.schema.server.psql(
                        "SELECT pg_relation_size('\(contents.schema.name).cache_entries')")
                    let isCopying = (Int(text) ?? 0) > 1_000_000
                    if isCopying { running.send(SIGKILL) }
                    return isCopying
                }
            }
            #expect(end.status == -SIGKILL)
            #expect(try await contents.count("cache_entries") == 0)
            let again = try await place.run(Program.path, ["store", "copy", old, place.store])
            #expect(again.status == 0, "\(again.errors)")
            #expect(try await contents.count("cache_entries") == 200_001)
        }
    }
}
