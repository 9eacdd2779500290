import Foundation
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

@Suite("What a store tells of itself")
struct InfoTests {
    @Test("is counted by status, with sizes, times and workers")
    func counts() async throws {
        let place = try MaintainedStore()
        let start = place.clock.now()
        _ = try await place.fill()
        place.clock.advance(by: .seconds(7_200))
        try await place.jobs.enqueue(JobRequest(JobType("work")))
        _ = try await place.worker()
        try await place.measure(12)
        let info = try await place.maintenance.info()
        #expect(info.path == place.path)
        #expect(info.storeID.count == 32)
        #expect(info.schemaVersion >= 2)
        #expect(info.fileBytes > 0 && info.journalBytes > 0)
        #expect(
            info.processings == [
                .completed: 1, .partial: 1, .failed: 1, .cancelled: 1, .merging: 1, .processing: 1, .pending: 1,
            ])
        #expect(info.transcripts == [.completed: 1, .partial: 1, .failed: 1, .cancelled: 1, .processing: 3])
        #expect(info.chunks == [.completed: 11, .failed: 4, .pending: 4, .cancelled: 2])
        #expect(info.jobs[.queued] == 3)
        #expect(info.cacheEntries == 0 && info.expiredCacheEntries == 15)
        #expect(info.samples == 12)
        #expect(info.oldest == start && info.newest == place.clock.now())
        #expect(info.workers == 1)
    }
}
