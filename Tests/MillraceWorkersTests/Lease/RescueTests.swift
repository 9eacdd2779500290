import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceWorkers

@Suite(.timeLimit(.minutes(5))) struct RescueTests {
    private let place = Workplace()
    private let handler = TaskHandler { number, _ in number }

    /// A worker that takes a job and is never heard of again.
    private func vanishedWorker(process: ProcessIdentity? = nil) async throws -> JobID {
        let id = try await handler.enqueue(at: place)[0]
        let worker = WorkerID.make(at: place.clock.timeOfDay)
        try await place.jobs.base.register(worker, process: process, leasedFor: .seconds(10))
        let scope = JobScope(types: [handler.jobType])
        #expect(try await place.jobs.base.claim(upTo: 1, from: scope, by: worker).map(\.id) == [id])
        return id
    }

    @Test func `the jobs of a worker that vanished are run by another after its lease`() async throws {
        let id = try await vanishedWorker()
        try await place.run(handler) {
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .milliseconds(9_500)
            }
            #expect(try await place.status(id) == .processing)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(id) == .completed
            }
            #expect(place.clock.now.offset <= .seconds(15))
        }
        let job = try #require(try await place.jobs.job(id))
        #expect(job.crashes == 1 && job.retryCount == 0)
    }

    @Test func `the jobs of a worker whose process is gone are run at once`() async throws {
        let child = Process()
        child.executableURL = URL(fileURLWithPath: "/bin/sleep")
        child.arguments = ["1000"]
        let hasEnded = StopSignal()
        child.terminationHandler = { _ in hasEnded.raise() }
        try child.run()
        let identity = try #require(HostProcess.identity(of: child.processIdentifier))
        #expect(!HostProcess.isGone(identity))
        // Nothing gentler: a child inherits which signals the thread that started it has blocked.
        kill(child.processIdentifier, SIGKILL)
        await hasEnded.wait()
        #expect(HostProcess.isGone(identity))
        let id = try await vanishedWorker(process: identity)
        try await place.run(handler) { try await eventually { try await place.status(id) == .completed } }
        #expect(place.clock.now.offset == .zero)
        #expect(try await place.jobs.job(id)?.crashes == 1)
    }

    @Test func `a worker of a living process, of another boot or of another namespace is left alone`() async throws {
        let own = try #require(HostProcess.current())
        let otherBoot = ProcessIdentity(
            bootID: "another", namespace: own.namespace, processID: 999_999_999, startTicks: 1)
        let otherNamespace = ProcessIdentity(
            bootID: own.bootID, namespace: "pid:[1]", processID: 999_999_999, startTicks: 1)
        for identity in [own, otherBoot, otherNamespace] { #expect(!HostProcess.isGone(identity)) }
        let reused = ProcessIdentity(
            bootID: own.bootID, namespace: own.namespace, processID: own.processID, startTicks: own.startTicks + 1)
        #expect(HostProcess.isGone(reused))
    }

    @Test func `two workers that look at once rescue each job once`() async throws {
        var ids: [JobID] = []
        for _ in 0..<5 { ids.append(try await vanishedWorker()) }
        let stop = StopSignal()
        let workers = (0..<2).map { _ in place.worker(handlers: [handler], stop: stop) }
        try await place.run(workers, stop: stop) {
            try await place.clock.advance(whenSleeping: 2 * Workplace.idleSleepers) {
                try await place.stats()[.completed] == 5
            }
        }
        for id in ids { #expect(try await place.jobs.job(id)?.crashes == 1) }
        #expect(handler.tally.started == 5)
    }

    @Test func `a look that fails is made again`() async throws {
        let id = try await vanishedWorker()
        place.clock.advance(by: .seconds(11))
        place.log.before { call throws(StoreError) in
            if call == .workers { throw StoreError(.busy, "locked") }
        }
        try await place.run(handler) {
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                place.clock.now.offset >= .seconds(16)
            }
            #expect(try await place.status(id) == .processing)
            place.log.before(nil)
            try await place.clock.advance(whenSleeping: Workplace.idleSleepers) {
                try await place.status(id) == .completed
            }
        }
    }
}
