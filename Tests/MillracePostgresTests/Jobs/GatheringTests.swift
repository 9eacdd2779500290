import MillraceCore
import MillraceTesting
import Synchronization
import Testing

@testable import MillracePostgres

/// What many tasks ask for at the same time, served together.
@Suite("Calls of many tasks", .timeLimit(.minutes(5)))
struct GatheringTests {
    /// Serves calls when the test says so, and remembers which were served together.
    private final class Server: Sendable {
        let served = Mutex<[[[Int]]]>([])
        private let permits = AsyncStream<Void>.makeStream()
        private let failure: @Sendable ([[Int]]) -> StoreError?

        init(failingFor failure: @escaping @Sendable ([[Int]]) -> StoreError? = { _ in nil }) {
            self.failure = failure
        }

        func permit(_ count: Int = 1) { for _ in 0..<count { permits.continuation.yield() } }

        func serve(_ calls: [[Int]]) async throws(StoreError) -> [Int] {
            served.withLock { $0.append(calls) }
            for await _ in permits.stream { break }
            if let error = failure(calls) { throw error }
            return calls.map { $0.reduce(0, +) }
        }

        func gatherer(
            size: Int = 500, lanes: Int = 1, delay: Duration = .zero, apart: Int = 64
        ) -> CallGatherer<Int, Int> {
            CallGatherer(.init(size: size, delay: delay, lanes: lanes, apart: apart)) {
                (calls) async throws(StoreError) in try await self.serve(calls)
            }
        }
    }

    @Test func `the first is served at once, and those that come meanwhile together`() async throws {
        let server = Server()
        let gatherer = server.gatherer()
        try await withThrowingTaskGroup(of: (Int, Int).self) { group in
            group.addTask { (1, try await gatherer.call([1])) }
            try await eventually { server.served.withLock { $0.count } == 1 }
            for number in 2...6 { group.addTask { (number, try await gatherer.call([number, number])) } }
            try await eventually { gatherer.waitingCalls == 5 }
            server.permit(2)
            for try await (number, sum) in group { #expect(sum == (number == 1 ? 1 : 2 * number)) }
        }
        let served = server.served.withLock { $0 }
        #expect(served.map(\.count) == [1, 5])
    }

    @Test func `no more are served together than fit, and a call is never torn`() async throws {
        let server = Server()
        let gatherer = server.gatherer(size: 4)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await gatherer.call([0]) }
            try await eventually { server.served.withLock { $0.count } == 1 }
            for number in 1...5 {
                group.addTask { _ = try await gatherer.call([number, number, number]) }
                try await eventually { gatherer.waitingCalls == number }
            }
            server.permit(6)
            try await group.waitForAll()
        }
        #expect(
            server.served.withLock { $0 } == [
                [[0]], [[1, 1, 1]], [[2, 2, 2]], [[3, 3, 3]], [[4, 4, 4]], [[5, 5, 5]],
            ])
    }

    @Test func `who came while others were served waits a little longer, so that more can gather`() async throws {
        let server = Server()
        let gatherer = server.gatherer(delay: .seconds(5))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await gatherer.call([1]) }
            try await eventually { server.served.withLock { $0.count } == 1 }
            group.addTask { _ = try await gatherer.call([2]) }
            try await eventually { gatherer.waitingCalls == 1 }
            server.permit(2)
            for number in 3...4 {
                group.addTask { _ = try await gatherer.call([number]) }
                try await eventually { gatherer.waitingCalls == number - 1 }
            }
            try await group.waitForAll()
        }
        #expect(server.served.withLock { $0 } == [[[1]], [[2], [3], [4]]])
    }

    @Test func `who is cancelled while it waits is not served, and the others are`() async throws {
        let server = Server()
        let gatherer = server.gatherer()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await gatherer.call([1]) }
            try await eventually { server.served.withLock { $0.count } == 1 }
            let cancelled = Task { try await gatherer.call([2]) }
            try await eventually { gatherer.waitingCalls == 1 }
            group.addTask { _ = try await gatherer.call([3]) }
            try await eventually { gatherer.waitingCalls == 2 }
            cancelled.cancel()
            let error = await #expect(throws: StoreError.self) { _ = try await cancelled.value }
            #expect(error?.code == .cancelled)
            server.permit(2)
            try await group.waitForAll()
        }
        #expect(server.served.withLock { $0 } == [[[1]], [[3]]])
    }

    @Test func `who is cancelled while it is served does not stop the others`() async throws {
        let server = Server()
        let gatherer = server.gatherer()
        let first = Task { try await gatherer.call([1]) }
        try await eventually { server.served.withLock { $0.count } == 1 }
        first.cancel()
        server.permit()
        #expect(try await first.value == 1)
    }

    @Test func `one that cannot be served does not fail those beside it`() async throws {
        let server = Server { $0.contains([13]) ? StoreError(.invalid, "thirteen") : nil }
        let gatherer = server.gatherer()
        server.permit(20)
        try await withThrowingTaskGroup(of: StoreError.Code?.self) { group in
            for number in 10...14 {
                group.addTask {
                    do throws(StoreError) {
                        #expect(try await gatherer.call([number]) == number)
                        return nil
                    } catch {
                        #expect(number == 13)
                        return error.code
                    }
                }
            }
            let failures = try await group.reduce(into: [StoreError.Code]()) { codes, code in
                if let code { codes.append(code) }
            }
            #expect(failures == [.invalid])
        }
    }

    @TaskLocal private static var caller = 0

    @Test func `what is served knows nothing of the task that came first`() async throws {
        let gatherer = CallGatherer<Int, Int>(.init()) { calls async throws(StoreError) in
            calls.map { _ in Self.caller }
        }
        #expect(try await Self.$caller.withValue(7) { try await gatherer.call([1]) } == 0)
    }

    @Test func `jobs that many tasks enqueue and settle take far fewer statements`() async throws {
        try await TemporaryPostgres.with { (temporary) async throws in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let type = JobType(known: "work")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<200 { group.addTask { _ = try await jobs.enqueue(JobRequest(type)) } }
                try await group.waitForAll()
            }
            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(60))
            let held = try await jobs.claim(upTo: 500, from: JobScope(types: [type]), by: worker)
            #expect(held.count == 200)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for job in held {
                    group.addTask {
                        let lost = try await jobs.settle([JobSettlement(job, .completed(result: nil))])
                        #expect(lost.isEmpty)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await jobs.jobStats(queueName: .default)[.completed] == 200)
            let statements = temporary.statements.all
            #expect(statements.count { $0.contains("WITH added AS") } < 150)
            #expect(statements.count { $0.contains("new_status") } < 150)
        }
    }
}
