import Foundation
import GRDB
import MillracePostgres
import TestServers
import Testing

/// `millrace cache invalidate` killed when it has said what is gone, and removed nothing or little of it.
@Suite(.bounded) struct KilledInvalidationTests {
    /// So many that nobody removes them all before somebody looks; and no more than one call of the upkeep removes.
    private static let count = 40_000

    @Test func `what a killed invalidation of a file meant is gone, and the next process removes it`() async throws {
        try await Workplace.with { place in
            let contents = StoreContents(path: place.store)
            #expect(try await place.millrace(["cache", "put", "other", "kept"]).status == 0)
            try await contents.change(
                """
                WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < \(Self.count))
                INSERT INTO cache_entries (cache_key, value, codec, version, created_at, expires_at, accessed_at, bytes)
                SELECT 'user:' || n, CAST('old' AS BLOB), 0, 0, 0, 4102444800000000, 0, 9 FROM n
                """)
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: place.store, configuration: configuration)
            let end = try await place.millrace(["cache", "invalidate", "user:*"]) { running in
                try await eventually("the rule is made") {
                    // It stands still while it is looked at, so that it has not removed all by then. It may hold a lock.
                    running.send(SIGSTOP)
                    defer { running.send(SIGCONT) }
                    let count = try? await queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM cache_rules") }
                    if count == 1 { running.send(SIGKILL) }
                    return count == 1
                }
            }
            #expect(end.output.isEmpty)
            try await finish(
                place, count: { try await contents.count($0) },
                endLease: { try await contents.change("UPDATE cache_rules SET lease_until = 0") })
        }
    }

    @Test func `what a killed invalidation of a database meant is gone, and the next process removes it`() async throws
    {
        try await Workplace.withPostgres { place, contents in
            let schema = contents.schema
            #expect(try await place.millrace(["cache", "put", "other", "kept"]).status == 0)
            try await schema.server.psql(
                """
                INSERT INTO \(schema.name).cache_entries (
                    cache_key, value, codec, version, created_at, expires_at, accessed_at, bytes
                )
                SELECT 'user:' || n, 'old', 0, 0, now(), now() + interval '1 day', now(), 9
                FROM generate_series(1, \(Self.count)) AS n
                """)
            let connection = try await PostgresConnection.connect(PostgresConfiguration(schema.url))
            defer { connection.close() }
            let end = try await connection.withTransaction { connection in
                // While this is held, nobody removes the first.
                try await connection.query(
                    "SELECT 1 FROM \(schema.name).cache_entries WHERE cache_key = 'user:1' FOR UPDATE")
                return try await place.millrace(["cache", "invalidate", "user:*"]) { running in
                    try await eventually("the rule is made") { try await contents.count("cache_rules") == 1 }
                    running.send(SIGKILL)
                }
            }
            #expect(end.output.isEmpty)
            try await finish(
                place, count: { try await contents.count($0) },
                endLease: {
                    try await schema.server.psql("UPDATE \(schema.name).cache_rules SET lease_until = now()")
                })
        }
    }

    /// Goes on by other processes.
    private func finish(
        _ place: Workplace, count: (String) async throws -> Int, endLease: () async throws -> Void
    ) async throws {
        #expect(try await count("cache_rules") == 1)
        #expect(try await count("cache_entries") > 1)
        for number in [1, Self.count / 2, Self.count] {
            let got = try await place.millrace(["cache", "get", "user:\(number)"])
            #expect(got.status == 1 && got.output.isEmpty, "\(number)")
        }
        #expect(try await place.millrace(["cache", "put", "user:7", "new"]).status == 0)
        #expect(try await place.millrace(["cache", "get", "user:7"]).output.contains("new"))
        // For all that is known, the process is at it still.
        #expect(try await count("cache_rules") == 1)
        try await endLease()
        #expect(try await place.millrace(["cache", "get", "other"]).output.contains("kept"))
        #expect(try await count("cache_rules") == 0)
        #expect(try await count("cache_entries") == 2)
        #expect(try await place.millrace(["cache", "get", "user:7"]).output.contains("new"))
    }
}
