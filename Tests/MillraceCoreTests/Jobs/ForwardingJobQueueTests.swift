import MillraceCore
import MillraceTesting
import Synchronization
import Testing

/// A queue around another that changes nothing.
@Suite struct ForwardingJobQueueTests {
    private struct Plain: ForwardingJobQueue {
        let base: any JobQueueRepository
    }

    /// Has all that a queue need not have.
    private struct Talkative: ForwardingJobQueue, WorkAnnouncing, JobEndAnnouncing {
        final class Bell: JobEndListening {
            func wait() async -> JobEnd? { .cancelled }
            func stop() {}
        }

        let base: any JobQueueRepository
        let onUpkeep: @Sendable () -> Void

        var announcements: (any WorkAnnouncing)? { self }
        var ends: (any JobEndAnnouncing)? { self }

        func upkeep() async { onUpkeep() }
        func announceWork(to listener: @escaping @Sendable (WorkAnnouncement) -> Void) async throws(StoreError) {
            listener(.chunks)
        }
        func listen(forEndOf id: JobID) async -> any JobEndListening { Bell() }
    }

    @Test(arguments: JobQueueContract.rules)
    func `it is the one beneath`(rule: ContractRule<StoreFixture>) async throws {
        var fixture = StoreFixture.inMemory()
        fixture.jobs = Plain(base: fixture.jobs)
        try await rule.check(fixture)
    }

    @Test func `it can do what the one beneath can, where the port has a default`() async throws {
        let memory = InMemoryJobQueueRepository(InMemoryStore(clock: ManualClock()))
        let silent = Plain(base: memory)
        #expect(silent.announcements == nil && silent.ends == nil)
        let upkeeps = Mutex(0)
        let queue = Plain(base: Talkative(base: memory) { upkeeps.withLock { $0 += 1 } })
        await queue.upkeep()
        #expect(upkeeps.withLock { $0 } == 1)
        let heard = Mutex<[WorkAnnouncement]>([])
        try await queue.announcements?.announceWork { word in heard.withLock { $0.append(word) } }
        #expect(heard.withLock { $0 } == [.chunks])
        let listener = try #require(await queue.ends?.listen(forEndOf: .make(at: Timestamp(microseconds: 0))))
        #expect(await listener.wait() == .cancelled)
    }
}
