import Foundation
import MillraceCore
import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillracePostgres
@testable import MillraceRedis

/// PostgreSQL with hints in Redis or Valkey: every contract of jobs, and what happens when something happens to Redis.
@Suite("PostgreSQL with hints in Redis", .timeLimit(.minutes(10)))
struct PostgresReadyQueueTests {
    /// A way to the store, and whose hints stand beside it.
    struct Place: Sendable, CustomStringConvertible {
        let route: Route
        let program: RedisServer.Program

        static let all = Route.allCases.flatMap { route in
            RedisServer.Program.allCases.map { Place(route: route, program: $0) }
        }

        var description: String { "\(route), with \(program.rawValue)" }
    }

    @Test("keeps the contract of jobs", arguments: JobQueueContract.rules, Place.all)
    func jobs(rule: ContractRule<StoreFixture>, place: Place) async throws {
        let server = try await RedisServer.shared(place.program)
        let client = try RedisClient(
            try RedisConfiguration(
                server.url(options: "?timeout=30s&connect_timeout=30s"), environment: [:]))
        defer { client.close() }
        try await TemporaryPostgres.with(place.route) { temporary in
            let store = temporary.store
            // What is said of ends is lost while Redis does not answer in time, and a busy machine is no fault.
            var settings = HintSettings()
            settings.patience = .seconds(30)
            let queue = RedisReadyQueue(
                PostgresJobQueueRepository(store), storeID: try await store.identity(), client: client, settings)
            defer { queue.close() }
            try await rule.check(
                StoreFixture(
                    jobs: queue, processings: PostgresProcessingRepository(store),
                    transcripts: PostgresTranscriptRepository(store), cache: PostgresCacheStore(store),
                    clock: temporary.clock))
        }
    }

    /// What happens to Redis while jobs are claimed.
    enum Fault: String, CaseIterable, CustomStringConvertible {
        case flushed = "FLUSHALL"
        case killed = "kill -9"
        case frozen = "SIGSTOP"
        case restarted = "a restart"

        var description: String { rawValue }

        func strike(_ server: RedisServer, _ client: RedisClient) async throws {
            switch self {
            case .flushed: _ = try await client.send(RedisCommand("FLUSHALL"), timeout: .seconds(20))
            case .killed: try await server.crash()
            case .frozen: try server.freeze()
            case .restarted:
                try await server.crash()
                try await server.start()
            }
        }

        func end(_ server: RedisServer) async throws {
            switch self {
            case .killed: try await server.start()
            case .frozen: try server.thaw()
            case .flushed, .restarted: break
            }
        }
    }

    @Test("gives every job once, and goes on without Redis", arguments: Fault.allCases)
    func faults(fault: Fault) async throws {
        try await RedisServer.with { server in
            try await TemporaryPostgres.withOwnServer { (temporary) async throws in
                try await run(fault, server, temporary)
            }
        }
    }

    private static let type = JobType(known: "work")
    private static let scope = JobScope(types: [type])

    private func run(_ fault: Fault, _ server: RedisServer, _ temporary: TemporaryPostgres) async throws {
        let given = Locked<[JobID: Int]>([:])
        let count = { @Sendable in given.withLock { $0.count } }
        let base = PostgresJobQueueRepository(temporary.store)
        let storeID = try await temporary.store.identity()
        let clients = try (0..<2).map { _ in
            try RedisClient(try RedisConfiguration(server.url(), environment: [:]))
        }
        defer { for client in clients { client.close() } }
        // As two processes have them.
        let queues = clients.map { RedisReadyQueue(base, storeID: storeID, client: $0) }
        let worker = WorkerID.make(at: temporary.clock.timeOfDay)
        try await base.register(worker, process: nil, leasedFor: .seconds(36_000))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for queue in queues {
                for _ in 0..<3 {
                    group.addTask {
                        while !Task.isCancelled {
                            let jobs = try await queue.claim(upTo: 5, from: Self.scope, by: worker)
                            given.withLock { for job in jobs { $0[job.id, default: 0] += 1 } }
                            let lost = try await queue.settle(jobs.map { JobSettlement($0, .completed(result: nil)) })
                            #expect(lost.isEmpty)
                            if jobs.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
                        }
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        await queue.upkeep()
                        try await Task.sleep(for: .milliseconds(100))
                    }
                }
            }
            var ids = try await enqueue(2_000, by: queues[0])
            try await eventually { count() > 300 }
            try await fault.strike(server, clients[1])
            let struck = count()
            // It goes on meanwhile, also with what is new: more than is waited for, since a server may take so long to
            // start that all that was there is given by then.
            ids += try await enqueue(1_000, by: queues[1])
            try await eventually { count() > struck + 600 }
            try await fault.end(server)
            ids += try await enqueue(2_000, by: queues[0])
            try await eventually { count() == ids.count }
            #expect(Set(ids) == given.withLock { Set($0.keys) })
            #expect(given.withLock { $0.values.allSatisfy { $0 == 1 } })
            // Hints are kept again.
            try await eventually {
                let hints = try? await clients[0].send(
                    RedisCommand("HGET", .text("{mr:\(storeID):q:default}:state"), "h:work"), timeout: .seconds(20))
                return hints?.text == "*"
            }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, !(error is CancellationError),
                    (error as? StoreError)?.code != .cancelled
                {
                    throw error
                }
            }
        }
    }

    private func enqueue(_ count: Int, by queue: RedisReadyQueue) async throws -> [JobID] {
        var ids: [JobID] = []
        while ids.count < count {
            ids += try await queue.enqueue(Array(repeating: JobRequest(Self.type), count: 100)).ids
        }
        return ids
    }
}
