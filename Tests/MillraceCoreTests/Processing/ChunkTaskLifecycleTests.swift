import MillraceCore
import Testing

@Suite struct ChunkTaskLifecycleTests {
    private let now = Timestamp.after(100)
    static let said = ChunkResult(segments: [Segment(start: 0, end: 1, text: "a")], language: "en")

    @Test("A new chunk is pending with nothing counted")
    func new() {
        let chunk = ChunkTask(id: .make(at: now), processingID: .make(at: now), index: 4, range: Processings.range(4))
        #expect(chunk.status == .pending && chunk.retryCount == 0 && chunk.crashes == 0 && chunk.maxRetries == 3)
        #expect(chunk.leaseToken == .initial && chunk.workerID == nil && chunk.result == nil && !chunk.isFromCache)
        #expect(chunk.isClaimable(at: now))
    }

    @Test("Only pending chunks may be claimed", arguments: ChunkStatus.allCases)
    func claimable(status: ChunkStatus) {
        #expect(Processings.chunk(status).isClaimable(at: now) == (status == .pending))
        #expect(status.isFinal == [.completed, .failed, .cancelled].contains(status))
    }

    @Test("A claim leases the chunk, and a settlement takes its token")
    func claim() {
        var chunk = Processings.chunk(.pending)
        chunk.claim(by: Jobs.worker, at: now)
        #expect(chunk.status == .processing && chunk.workerID == Jobs.worker && chunk.leaseToken == LeaseToken(8))
        #expect(chunk.startedAt == now && chunk.scheduledAt == nil && !chunk.isClaimable(at: now))
        let settlement = ChunkSettlement(chunk, .released)
        #expect(settlement.chunkID == chunk.id && settlement.token == LeaseToken(8))
    }

    /// What a settlement must make of a held chunk whose `retryCount` is 1 of 3 and `crashes` 2.
    struct Settled: Sendable, CustomTestStringConvertible {
        let outcome: ChunkSettlement.Outcome
        let status: ChunkStatus
        var retryCount = 1
        var scheduledAt: Timestamp?
        var error: String? = "earlier"
        var result: ChunkResult?
        var isFromCache = false

        var testDescription: String { "\(outcome)" }
    }

    @Test(
        "Each outcome makes of a held chunk what it says",
        arguments: [
            Settled(outcome: .completed(said, isFromCache: false), status: .completed, error: nil, result: said),
            Settled(
                outcome: .completed(said, isFromCache: true), status: .completed, error: nil, result: said,
                isFromCache: true),
            Settled(
                outcome: .retry(at: .after(101), error: "e"), status: .pending, retryCount: 2,
                scheduledAt: .after(101), error: "e"),
            Settled(outcome: .failed(error: "e"), status: .failed, error: "e"),
            Settled(outcome: .released, status: .pending),
        ])
    func settle(expected: Settled) {
        var chunk = Processings.chunk(.processing)
        chunk.settle(expected.outcome, at: now)
        #expect(chunk.status == expected.status)
        #expect(chunk.retryCount == expected.retryCount && chunk.crashes == 2)
        #expect(chunk.scheduledAt == expected.scheduledAt && chunk.errorMessage == expected.error)
        #expect(chunk.result == expected.result && chunk.isFromCache == expected.isFromCache)
        #expect(chunk.completedAt == (expected.status.isFinal ? now : nil))
        #expect(chunk.workerID == nil && chunk.leaseToken == LeaseToken(8) && chunk.startedAt == .after(1))
        #expect(chunk.isClaimable(at: now) == (expected.status == .pending && expected.scheduledAt == nil))
        #expect(chunk.isClaimable(at: .after(101)) == (expected.status == .pending))
    }

    @Test("With no retry left, a chunk that asks for one has failed", arguments: [(3, 3), (0, 0)])
    func noRetryLeft(retryCount: Int, maxRetries: Int) {
        var chunk = Processings.chunk(.processing, retryCount: retryCount, maxRetries: maxRetries)
        chunk.settle(.retry(at: .after(200), error: "e"), at: now)
        #expect(chunk.status == .failed && chunk.retryCount == retryCount && chunk.errorMessage == "e")
        #expect(chunk.completedAt == now && chunk.scheduledAt == nil)
    }

    @Test("A rescue makes the chunk claimable, counts a crash and no retry")
    func rescue() {
        var chunk = Processings.chunk(.processing)
        chunk.rescue(at: now)
        #expect(chunk.status == .pending && chunk.crashes == 3 && chunk.retryCount == 1 && chunk.workerID == nil)
        #expect(chunk.leaseToken == LeaseToken(8) && chunk.isClaimable(at: now))
    }
}
