import Foundation
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

@Suite("Pruning")
struct PruneTests {
    private let month = Duration.seconds(30 * 86_400)

    @Test("deletes what ended long ago, and keeps transcripts and all that is open or can be resumed")
    func old() async throws {
        let place = try MaintainedStore()
        let runs = try await place.fill()
        place.clock.advance(by: month * 2)
        let young = try await place.start("young")
        try await place.transcribe(3)
        try await place.merge()
        let expected = try await place.maintenance.prune(StorePruning(olderThan: month, isDryRun: true))
        let before = try await place.maintenance.info()
        #expect(before.jobs[.completed] ?? 0 > 0)
        let pruned = try await place.maintenance.prune(StorePruning(olderThan: month))
        #expect(pruned == expected)
        // "done" and "cancelled" go; the run "merging" ended just now.
        #expect(pruned.processings == 2)
        #expect(pruned.chunks == 6)
        #expect(pruned.transcripts == 0)
        let after = try await place.maintenance.info()
        #expect(after.transcripts == before.transcripts)
        #expect(after.jobs[.queued] == before.jobs[.queued])
        #expect(after.jobCount == before.jobCount - pruned.jobs)
        #expect(after.expiredCacheEntries == 0)
        #expect(pruned.cacheEntries == before.expiredCacheEntries)
        for name in ["partial", "failed", "half", "pending", "merging"] {
            #expect(try await place.processings.row(#require(runs[name]).id) != nil, "\(name)")
        }
        #expect(try await place.processings.row(young.id) != nil)
        let done = try #require(runs["done"])
        #expect(try await place.transcripts.load(done.transcriptID)?.text.isEmpty == false)
        #expect(try await place.maintenance.check() == [])
        #expect(try await place.maintenance.prune(StorePruning(olderThan: month)).isEmpty)
    }

    @Test("deletes transcripts when asked to, with everything that was made for them")
    func transcripts() async throws {
        let place = try MaintainedStore()
        let runs = try await place.fill()
        place.clock.advance(by: .seconds(1_800))
        let pruning = StorePruning(olderThan: .seconds(60), includesTranscripts: true)
        let expected = try await place.maintenance.prune(
            StorePruning(olderThan: .seconds(60), includesTranscripts: true, isDryRun: true))
        let pruned = try await place.maintenance.prune(pruning)
        #expect(pruned == expected)
        #expect(pruned.transcripts == 4)
        #expect(pruned.cacheEntries == 10, "the results of three whole runs and one that was called off")
        let left = try await place.transcripts.list(after: nil, limit: 100)
        #expect(
            Set(left.map(\.id)) == Set(try ["merging", "half", "pending"].map { try #require(runs[$0]).transcriptID }))
        #expect(try await place.maintenance.check() == [])
    }

    @Test("takes many small transactions, so that nobody waits for all of it")
    func batches() async throws {
        let place = try MaintainedStore()
        let type = try JobType("work")
        let worker = try await place.worker()
        for _ in 0..<4 {
            _ = try await place.jobs.enqueue(Array(repeating: JobRequest(type), count: 1_000))
            let held = try await place.jobs.claim(upTo: 1_000, from: JobScope(types: [type]), by: worker)
            _ = try await place.jobs.settle(held.map { JobSettlement($0, .completed(result: nil)) })
        }
        _ = try await place.jobs.enqueue(JobRequest(type))
        place.clock.advance(by: .seconds(100))
        let info = try await place.maintenance.info()
        async let pruning = place.maintenance.prune(StorePruning(olderThan: .seconds(10)))
        // Another that writes meanwhile gets through.
        for _ in 0..<20 { try await place.jobs.enqueue(JobRequest(type)) }
        #expect(try await pruning.jobs == 4_000)
        let after = try await place.maintenance.info()
        #expect(after.jobs == [.queued: 21])
        #expect(after.freeBytes > info.freeBytes)
    }

    @Test("deletes samples of metrics that are old")
    func samples() async throws {
        let place = try MaintainedStore()
        try await place.measure(700)
        let hour = Duration.seconds(3_600)
        #expect(try await place.maintenance.prune(StorePruning(olderThan: hour, isDryRun: true)).samples == 640)
        #expect(try await place.maintenance.info().samples == 700)
        #expect(try await place.maintenance.prune(StorePruning(olderThan: hour)).samples == 640)
        #expect(try await place.maintenance.info().samples == 60)
        #expect(try await place.maintenance.prune(StorePruning(olderThan: hour)).isEmpty)
    }

    @Test("removes what is left of rows that are gone")
    func leftovers() async throws {
        let place = try MaintainedStore()
        _ = try await place.fill()
        try await place.tamper("DELETE FROM processing_tasks WHERE status = 'PARTIAL'")
        #expect(try await place.maintenance.check().contains { $0.kind == .orphan })
        let pruned = try await place.maintenance.prune(StorePruning(olderThan: month))
        #expect(pruned.chunks == 3)
        #expect(try await !place.maintenance.check().contains { $0.kind == .orphan })
    }

    @Test("keeps what an open job still waits for", arguments: [false, true])
    func awaited(includesTranscripts: Bool) async throws {
        let place = try MaintainedStore()
        let run = try #require(try await place.fill()["done"])
        let type = try JobType("wait")
        let id = try await place.jobs.enqueue(JobRequest(type))
        let held = try #require(
            try await place.jobs.claim(upTo: 1, from: JobScope(types: [type]), by: place.worker()).first)
        _ = try await place.jobs.settle([JobSettlement(held, .awaiting(run.transcriptID, until: place.clock.now()))])
        for isOpen in [true, false] {
            if !isOpen { try await place.jobs.updateJobStatus(id, to: .cancelled) }
            place.clock.advance(by: month * 2)
            let expected = try await place.maintenance.prune(
                StorePruning(olderThan: month, includesTranscripts: includesTranscripts, isDryRun: true))
            let pruned = try await place.maintenance.prune(
                StorePruning(olderThan: month, includesTranscripts: includesTranscripts))
            #expect(pruned == expected)
            #expect(try await (place.processings.row(run.id) != nil) == isOpen)
        }
        #expect(try await place.maintenance.check() == [])
    }

    @Test("leaves a merge that its processing still waits for to the sweep")
    func deadMerge() async throws {
        let place = try MaintainedStore()
        let runs = try await place.fill()
        let run = try #require(runs["merging"])
        try await place.tamper(
            "UPDATE processing_jobs SET status = 'FAILED', completed_at = 1 WHERE job_type = 'merge' AND status = 'QUEUED'"
        )
        place.clock.advance(by: month * 2)
        _ = try await place.maintenance.prune(StorePruning(olderThan: month))
        #expect(try await place.processings.sweep() == [run.id])
        #expect(try await place.processings.row(run.id)?.status == .failed)
    }
}
