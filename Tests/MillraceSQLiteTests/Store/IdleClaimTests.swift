import Foundation
import GRDB
import MillraceCore
import MillraceSQLite
import MillraceTesting
import Testing

/// Workers that wait for work do not keep others from writing.
@Suite("A claim that finds nothing")
struct IdleClaimTests {
    private let temporary: TemporaryStore
    private let fixture: StoreFixture
    private let type: JobType
    private let engine = EngineIdentity(known: "ear")

    init() throws {
        temporary = try TemporaryStore()
        type = try JobType("work")
        fixture = StoreFixture(
            jobs: SQLiteJobQueueRepository(temporary.store),
            processings: SQLiteProcessingRepository(temporary.store),
            transcripts: SQLiteTranscriptRepository(temporary.store), cache: SQLiteCacheStore(temporary.store),
            clock: temporary.clock)
    }

    private func plan(_ path: String, engine: EngineIdentity) throws -> (ParallelProcessor, Transcript) {
        let now = temporary.clock.timeOfDay
        let source = RecordingSource(path: path, hash: ContentHash(of: Data(path.utf8)), sampleCount: 200)
        let processor = try ParallelProcessor(
            id: .make(at: now), transcriptID: .make(at: now), source: source, recipe: Recipe(engine: engine),
            chunks: [(ChunkID.make(at: now), SampleRange(start: 0, end: 200))], at: now)
        return (
            processor,
            Transcript(
                id: processor.transcriptID, source: path, hash: source.hash, durationSeconds: source.durationSeconds,
                chunkCount: 1, at: now)
        )
    }

    @Test("needs no lock of the file: it is answered while another program writes")
    func lock() async throws {
        let worker = WorkerID.make(at: temporary.clock.timeOfDay)
        try await fixture.jobs.register(worker, process: nil, leasedFor: .seconds(10))
        // What others could take is there.
        try await fixture.jobs.enqueue(JobRequest(JobType("other")))
        let (processor, transcript) = try plan("/other", engine: EngineIdentity(known: "other"))
        try await fixture.processings.start(processor, transcript: transcript)

        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: temporary.store.path, configuration: configuration)
        try await other.writeWithoutTransaction { db in try db.execute(sql: "BEGIN IMMEDIATE") }
        for isAlone in [false, true] {
            let jobs = JobScope(types: [type], maxCrashes: 3, isAlone: isAlone)
            #expect(try await fixture.jobs.claim(upTo: 4, from: jobs, by: worker).isEmpty)
            let chunks = ChunkScope(engines: [engine], maxCrashes: 3, isAlone: isAlone)
            #expect(try await fixture.processings.claim(upTo: 4, from: chunks, by: worker).isEmpty)
        }
        try await other.writeWithoutTransaction { db in try db.execute(sql: "COMMIT") }

        // And what comes is found.
        let (own, empty) = try plan("/own", engine: engine)
        try await fixture.processings.start(own, transcript: empty)
        let claimed = try await fixture.processings.claim(upTo: 4, from: ChunkScope(engines: [engine]), by: worker)
        #expect(claimed.map(\.task.processingID) == [own.id])
    }
}
