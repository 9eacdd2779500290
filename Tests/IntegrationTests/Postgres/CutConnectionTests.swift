import MillraceCore
import MillracePostgres
import TestServers
import Testing

/// Connections that are cut, or go silent, in the middle of what a worker does.
@Suite(.bounded, .timeLimit(.minutes(20))) struct CutConnectionTests {
    private struct Lab: Sendable {
        let proxy: CutProxy
        /// By the proxy, on one connection.
        let cut: PostgresJobQueueRepository
        let direct: PostgresJobQueueRepository
        let worker = WorkerID.make(at: SystemWallClock().now())
        let request = JobRequest(JobType(known: "work"))

        var scope: JobScope { JobScope(types: [request.type]) }

        func register() async throws {
            try await cut.register(worker, process: nil, leasedFor: .seconds(600))
        }

        func stats() async throws -> JobStats { try await direct.jobStats(queueName: .default) }
    }

    private func withLab(_ body: (Lab) async throws -> Void) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let direct = try await PostgresStore(PostgresConfiguration(schema.url))
        let proxy = try await CutProxy.start(to: schema.server.port)
        let cut = try await PostgresStore(
            PostgresConfiguration(schema.url(by: proxy)),
            options: .init(pool: .init(size: 1, maxOverflow: 0, timeout: .seconds(60))))
        try await body(
            Lab(
                proxy: proxy, cut: PostgresJobQueueRepository(cut, options: .init(patience: .seconds(60))),
                direct: PostgresJobQueueRepository(direct)))
        await cut.close()
        await direct.close()
        try await proxy.close()
        try await schema.drop()
    }

    /// Enqueues anew until it succeeds.
    private func enqueueAgain(_ count: Int, _ lab: Lab) async throws {
        try await eventually("the store takes jobs") {
            do {
                _ = try await lab.cut.enqueue(Array(repeating: lab.request, count: count))
                return true
            } catch let error as StoreError where error.code == .unavailable {
                return false
            }
        }
    }

    /// Cuts a claim of ten jobs; when something else was struck, which a claim does first now and then, it tries again.
    private func cutClaim(_ lab: Lab, after bytes: Int, from side: CutProxy.Side) async throws {
        try await eventually("a claim is cut") {
            lab.proxy.cut(after: bytes, from: side)
            do {
                let claimed = try await lab.cut.claim(upTo: 10, from: lab.scope, by: lab.worker)
                _ = try await lab.cut.settle(claimed.map { JobSettlement($0, .released) })
                return false
            } catch let error as StoreError {
                #expect(error.code == .unavailable)
                return true
            }
        }
    }

    @Test func `of a COPY that is cut in the middle nothing is there, and it can be done again`() async throws {
        try await withLab { lab in
            let requests = Array(repeating: lab.request, count: 20_000)
            lab.proxy.cut(after: 500_000, from: .client)
            let error = await #expect(throws: StoreError.self) { _ = try await lab.cut.enqueue(requests) }
            #expect(error?.code == .unavailable)
            #expect(lab.proxy.cutByBytes == 1)
            #expect(try await lab.stats().total == 0)
            try await enqueueAgain(requests.count, lab)
            #expect(try await lab.stats()[.queued] == requests.count)
        }
    }

    @Test func `a COPY whose answer is lost is there as a whole or not at all`() async throws {
        try await withLab { lab in
            // So that the connection is open.
            _ = try await lab.cut.jobStats(queueName: .default)
            let requests = Array(repeating: lab.request, count: 5_000)
            for bytes in stride(from: 0, through: 60, by: 12) {
                let before = try await lab.stats().total
                lab.proxy.cut(after: bytes, from: .server)
                do {
                    _ = try await lab.cut.enqueue(requests)
                    #expect(try await lab.stats().total == before + requests.count)
                } catch {
                    #expect((error as? StoreError)?.code == .unavailable)
                    #expect([before, before + requests.count].contains(try await lab.stats().total))
                }
            }
        }
    }

    @Test func `a claim whose words never arrive takes nothing`() async throws {
        try await withLab { lab in
            _ = try await lab.direct.enqueue(Array(repeating: lab.request, count: 10))
            try await lab.register()
            try await cutClaim(lab, after: 20, from: .client)
            #expect(try await lab.stats()[.queued] == 10)
            #expect(try await lab.cut.claim(upTo: 10, from: lab.scope, by: lab.worker).count == 10)
        }
    }

    @Test func `what a claim took whose answer was lost is among the leases of the worker, which can give it back`()
        async throws
    {
        try await withLab { lab in
            _ = try await lab.direct.enqueue(Array(repeating: lab.request, count: 12))
            try await lab.register()
            // Prepared by then, so that the next that the server says are the jobs.
            let known = try await lab.cut.claim(upTo: 2, from: lab.scope, by: lab.worker)
            try await cutClaim(lab, after: 0, from: .server)
            try await eventually("the server has carried it out") { try await lab.stats()[.processing] == 12 }
            let held = try await lab.cut.leases(of: lab.worker)
            #expect(held.count == 12)
            let unknown = held.filter { lease in !known.contains { $0.id == lease.key } }
            let lost = try await lab.cut.settle(unknown.map { JobSettlement($0.key, token: $0.value, .released) })
            #expect(lost.isEmpty)
            #expect(try await lab.cut.leases(of: lab.worker).count == 2)
            #expect(try await lab.cut.claim(upTo: 99, from: lab.scope, by: lab.worker).count == 10)
        }
    }

    @Test func `a settlement that is cut at any of its bytes is done once, and an old token changes nothing`()
        async throws
    {
        try await withLab { lab in
            try await lab.register()
            for bytes in stride(from: 0, through: 2_000, by: 250) {
                _ = try await lab.direct.enqueue(Array(repeating: lab.request, count: 8))
                // Not by the proxy: when fewer bytes were sent, it waits for more of them.
                let held = try await lab.direct.claim(upTo: 8, from: lab.scope, by: lab.worker)
                lab.proxy.cut(after: bytes, from: bytes % 500 == 0 ? .client : .server)
                #expect(try await lab.cut.settle(held.map { JobSettlement($0, .completed(result: nil)) }) == [])
                let done = try await lab.direct.job(held[0].id)
                #expect(done?.status == .completed)
                let late = try await lab.direct.settle(held.map { JobSettlement($0, .failed(error: "late")) })
                #expect(late == Set(held.map(\.id)))
                #expect(try await lab.direct.job(held[0].id) == done)
            }
        }
    }

    @Test func `a transaction whose connection has gone silent lets go of its locks`() async throws {
        try await withLab { lab in
            try await lab.register()
            _ = try await lab.direct.enqueue([lab.request])
            let held = try await lab.cut.claim(upTo: 1, from: lab.scope, by: lab.worker)
            let settlement = JobSettlement(held[0], .completed(result: nil))
            let error = await #expect(throws: StoreError.self) {
                try await lab.cut.store.transaction { connection in
                    #expect(try await lab.cut.settle([settlement], in: connection) == [])
                    lab.proxy.silence()
                    try await connection.query("SELECT 1")
                }
            }
            #expect(error?.code == .unavailable)
            #expect(try await lab.direct.job(held[0].id)?.status == .processing)
            // Would wait for the row for as long as the server keeps the session.
            #expect(try await lab.direct.settle([settlement]) == [])
            #expect(try await lab.direct.job(held[0].id)?.status == .completed)
        }
    }

    @Test func `the server is told to notice soon when a machine is gone`() async throws {
        try await withLab { lab in
            let times = try await lab.cut.store.transaction { connection in
                let rows = try await connection.query(
                    "SELECT name, setting FROM pg_settings WHERE name ~ '^tcp_' AND setting::integer > 0 ORDER BY name")
                return try rows.map { "\(try $0.value(0, as: String.self))=\(try $0.value(1, as: String.self))" }
            }
            #expect(
                times == [
                    "tcp_keepalives_count=3", "tcp_keepalives_idle=5", "tcp_keepalives_interval=2",
                    "tcp_user_timeout=11000",
                ])
        }
    }

    @Test func `a connection gone silent is dropped within ten seconds, and its place is another's`() async throws {
        try await withLab { lab in
            try await lab.register()
            lab.proxy.silence()
            let delays = Delays()
            let start = ContinuousClock.now
            try await eventually("the store answers again") {
                (try? await lab.cut.renew(lab.worker, leasedFor: .seconds(60))) == true
            }
            let elapsed = start.duration(to: .now)
            // Nothing of what this machine was late by itself meanwhile.
            let late = await delays.end()
            print("a silent connection was replaced after \(elapsed.inSeconds) s, late by \(late.inSeconds) s")
            #expect(elapsed - late < .seconds(10), "after \(elapsed), late by \(late)")
        }
    }
}
