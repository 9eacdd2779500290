import Foundation
import MillraceCore
import TestServers
import Testing

@testable import MillracePostgres

/// Each index is there because a statement uses it.
@Suite struct IndexUseTests {
    /// What a store is asked for, how many it must find at least, and the index that must answer.
    struct Use: Sendable {
        let index: String
        let count: Int
        let verb: @Sendable (IndexedStore, IndexedStore.Repositories) async throws -> Int

        init(
            _ index: String, _ count: Int,
            _ verb: @escaping @Sendable (IndexedStore, IndexedStore.Repositories) async throws -> Int
        ) {
            self.index = index
            self.count = count
            self.verb = verb
        }
    }

    static let uses = [
        Use("idx_jobs_claim", 50) { store, open in
            try await open.jobs.claim(upTo: 50, from: JobScope(types: [try JobType("a")]), by: store.worker).count
        },
        Use("idx_jobs_due", 20) { store, open in
            try await open.jobs.claim(upTo: 500, from: JobScope(types: [try JobType("due")]), by: store.worker).count
        },
        Use("idx_jobs_held", 100) { store, open in try await open.jobs.leases(of: store.deadWorker).count },
        Use("idx_jobs_held", 100) { _, open in try await open.jobs.rescue(maxCrashes: 0).count },
        Use("idx_jobs_unique_key", 2) { _, open in
            let requests = try ["key 1", "key 2"].map {
                JobRequest(try JobType("a"), payload: JSONText(stored: "{}"), uniqueKey: $0)
            }
            return try await open.jobs.enqueue(requests).skipped.count
        },
        Use("idx_jobs_transcript", 1) { store, open in
            try await open.transcripts.delete(try await store.transcript("job"), force: true)
            return 1
        },
        Use("idx_jobs_awaits", 1) { store, open in
            let filter = JobFilter(awaiting: try await store.transcript("awaited"))
            return try await open.jobs.jobs(matching: filter, before: nil, limit: 10).count
        },
        Use("idx_jobs_ended", 10) { _, open in
            try await open.jobs.jobs(matching: JobFilter(statuses: [.failed]), before: nil, limit: 10).count
        },
        Use("idx_processing_fresh", 5) { store, open in
            try await open.processings.claim(upTo: 5, from: ChunkScope(engines: [store.engine]), by: store.worker).count
        },
        Use("idx_processing_status", 5) { _, open in
            let filter = ProcessingFilter(statuses: [.failed])
            return try await open.processings.rows(matching: filter, before: nil, limit: 10).count
        },
        Use("idx_processing_transcript", 1) { store, open in
            try await open.processings.row(of: store.processor.transcriptID) == nil ? 0 : 1
        },
        Use("idx_processing_run", 1) { store, open in
            try await open.processings.find(store.processor.runKey)?.id == store.processor.id ? 1 : 0
        },
        Use("idx_chunks_audio", 1) { store, open in
            let scope = ChunkScope(
                engines: [store.engine], processings: [store.processor.id], unreachable: [store.processor.id])
            return try await open.processings.claim(upTo: 10, from: scope, by: store.worker).count
        },
        Use("idx_chunks_returned", 1) { store, open in
            let scope = ChunkScope(engines: [store.engine])
            return try await open.processings.claim(upTo: 1_000, from: scope, by: store.worker)
                .count { $0.task.retryCount > 0 }
        },
        Use("idx_chunks_held", 5) { store, open in try await open.processings.leases(of: store.deadWorker).count },
        Use("idx_transcripts_hash", 1) { store, open in
            try await open.transcripts.find(hash: store.processor.source.hash) == nil ? 0 : 1
        },
        Use("idx_cache_expires", 10) { store, open in
            try await open.cache.clean(within: try CacheManager.StoreLimits(), limit: 1_000, as: store.cacheHolder)?
                .expired
                ?? 0
        },
        Use("idx_cache_used", 90) { store, open in
            let limits = try CacheManager.StoreLimits(entries: 4_900)
            return try await open.cache.clean(within: limits, limit: 1_000, as: store.cacheHolder)?.evicted ?? 0
        },
        Use("idx_metrics_name_time", 200) { store, open in
            try await open.metrics.series(of: MetricName("metric_7"), range: store.sampleTimes, tags: .none).count
        },
        Use("idx_metrics_tags", 100) { store, open in
            try await open.metrics.series(of: nil, range: store.sampleTimes, tags: MetricLabels(["host": "7"])).count
        },
    ]

    /// Indexes that keep something unique, which nothing looks for by them.
    static let guards = ["idx_processing_one_run"]

    @Test func `An index answers what it is there for`() async throws {
        try await IndexedStore.with { store in
            // One after the other, since what is claimed by one is gone for the next.
            for use in Self.uses {
                let before = try await store.scans(of: use.index)
                let count = try await store.open { try await use.verb(store, $0) }
                #expect(count >= use.count, "\(use.index)")
                // A session tells what it has done when it ends.
                var after = before
                for _ in 0..<500 {
                    after = try await store.scans(of: use.index)
                    if after > before { break }
                    try await Task.sleep(for: .milliseconds(10))
                }
                #expect(after > before, "\(use.index) was not used")
            }
        }
    }

    @Test func `No index is there that nothing uses`() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        _ = try await PostgresSchema(try PostgresConfiguration(schema.url)).migrate()
        let indexes = try await schema.server.psql(
            """
            SELECT indexname FROM pg_indexes WHERE schemaname = '\(schema.name)' AND indexname NOT IN (
                SELECT conname FROM pg_constraint WHERE connamespace = '\(schema.name)'::regnamespace
            ) ORDER BY 1
            """)
        #expect(indexes.split(separator: "\n").map(String.init) == Set(Self.uses.map(\.index) + Self.guards).sorted())
        try await schema.drop()
    }
}
