import Foundation
import GRDB
import Testing

/// A demonstration that makes a store of half a gigabyte; runs when `MILLRACE_LONG` is 1.
///
/// Its times mean something for a release build: name that by `MILLRACE_TEST_PROGRAM`.
@Suite(.bounded, .enabled(if: ProcessInfo.processInfo.environment["MILLRACE_LONG"] == "1"))
struct MillionJobsTests {
    @Test func `a million jobs are listed and counted in less than 300 ms, from start to end of the program`()
        async throws
    {
        try await Workplace.with { place in
            try await place.millrace(["jobs", "list"])
            try await fill(place.store)
            let middle = try await place.millrace(["jobs", "list", "--json", "--limit", "500", "--type", "rare"])
                .output.split(separator: "\n").last?.split(separator: #""id":""#).last?.prefix(36)
            let commands = [
                ["list"], ["list", "--json"], ["list", "--after", String(try #require(middle))],
                ["list", "--status", "FAILED"], ["list", "--status", "CANCELLED", "--queue", "queue-6"],
                ["list", "--type", "rare"], ["list", "--type", "no-such"], ["list", "--queue", "queue-3"],
                ["list", "--queue", "queue-3", "--type", "work-2", "--status", "queued", "--status", "completed"],
                ["list", "--limit", "1000"], ["show", String(try #require(middle))], ["stats"],
                ["stats", "--queue", "queue-3"], ["stats", "--json"],
            ]
            for command in commands {
                var times: [Duration] = []
                for _ in 0..<7 {
                    let start = ContinuousClock.now
                    let end = try await place.millrace(["jobs"] + command)
                    times.append(start.duration(to: .now))
                    #expect(end.status == 0 && end.output.isEmpty == command.contains("no-such"), "\(end.errors)")
                }
                let median = times.sorted()[times.count / 2]
                let milliseconds = Int(median / .milliseconds(1))
                print("a million jobs: jobs \(command.joined(separator: " ")): \(milliseconds) ms")
                #expect(median < .milliseconds(300), "jobs \(command.joined(separator: " "))")
            }
            let stats = try await place.millrace(["jobs", "stats"]).output
            let total = stats.split(separator: "\n").dropFirst().map { Int($0.split(separator: " ")[7]) ?? 0 }
            #expect(total.count == 10 && total.reduce(0, +) == 1_000_000)
        }
    }

    /// Ten queues, four types, every status; FAILED and CANCELLED are one in a thousand, the type `rare` as well.
    private func fill(_ store: String) async throws {
        try await DatabaseQueue(path: store).write { db in
            try db.execute(
                sql: """
                    WITH RECURSIVE number (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM number WHERE i < 999999),
                    job AS (
                        SELECT i, i * 7 % 10 AS queue, i * 13 % 3 + 1 AS priority, i % 1000 AS place,
                               1700000000000000 + i * 1000 AS time
                        FROM number
                    )
                    INSERT INTO processing_jobs (
                        id, queue_name, job_type, payload, priority, status, worker_id, created_at, scheduled_at,
                        completed_at, updated_at, error_message
                    )
                    SELECT printf('%08x-%04x-7%03x-8%03x-%012x', 26000000 + i / 65536, i % 65536, i * 31 % 4096,
                                  i * 17 % 4096, i * 2654435761 % 281474976710656),
                           'queue-' || queue, CASE WHEN place = 500 THEN 'rare' ELSE 'work-' || (i * 11 % 3) END,
                           '{"source":"/recordings/meeting-' || i || '.flac","language":"en"}', priority,
                           CASE
                               WHEN place = 7 THEN 'FAILED'
                               WHEN place = 8 THEN 'CANCELLED'
                               WHEN place < 500 THEN 'COMPLETED'
                               WHEN place < 950 THEN 'QUEUED'
                               WHEN place < 999 THEN 'SCHEDULED'
                               ELSE 'PROCESSING'
                           END,
                           CASE WHEN place = 999 THEN '018cc000-0000-7000-8000-000000000000' END, time,
                           CASE WHEN place BETWEEN 950 AND 998 THEN 4000000000000000 END,
                           CASE WHEN place < 500 THEN time END, time, CASE WHEN place = 7 THEN 'broken' END
                    FROM job
                    """)
        }
    }
}
