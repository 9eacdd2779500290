import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePostgres

/// How many pages the statements of the hot path look at, whatever the table holds beside, and however old the statistics.
///
/// The limits are the issue's: 20 pages a row and 100 for a claim, 25 a row for a settlement, 30 a row for a rescue.
@Suite("Statements on jobs look at few pages", .serialized, .timeLimit(.minutes(20)))
struct JobPlanTests {
    private static let type = JobType(known: "work")
    private static let scope = JobScope(
        types: [type, .merge], engines: [EngineIdentity(known: "ear")], maxCrashes: 3)

    /// A store whose table is never cleaned and never looked at, since the statistics were made when it was all but empty.
    private struct Field {
        let temporary: TemporaryPostgres
        let jobs: PostgresJobQueueRepository
        let worker: WorkerID

        var store: PostgresStore { temporary.store }

        init(_ temporary: TemporaryPostgres, rows: Int) async throws {
            self.temporary = temporary
            jobs = PostgresJobQueueRepository(temporary.store)
            worker = .make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(1_000))
            try await temporary.psql(
                """
                ALTER TABLE {schema}.processing_jobs SET (autovacuum_enabled = off);
                INSERT INTO {schema}.processing_jobs (id, queue_name, job_type, payload)
                SELECT gen_random_uuid(), 'other', 'other', '{}' FROM generate_series(1, 20);
                ANALYZE {schema}.processing_jobs;
                """)
            // Statements that are prepared now are planned for a table of one page.
            for _ in 0..<8 { _ = try await jobs.claim(upTo: 1, from: scope, by: worker) }
            try await temporary.psql(
                """
                INSERT INTO {schema}.processing_jobs (
                    id, queue_name, job_type, payload, priority, created_at, status, completed_at
                )
                SELECT ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'default', 'work',
                       '{"recording": "a.wav"}', 1 + n % 3,
                       timestamptz '2020-01-01' + n * interval '1 ms',
                       CASE WHEN n % 4 <> 1 THEN 'QUEUED' WHEN n % 20 = 1 THEN 'FAILED' ELSE 'COMPLETED' END,
                       CASE WHEN n % 4 = 1 THEN timestamptz '2020-01-02' END
                FROM generate_series(1, \(rows)) n
                """)
        }

        func look() -> (groups: [JobGroup], look: JobCursors.Look) {
            jobs.desk.begin(scope)
        }

        /// How many jobs the worker holds, those included that were claimed past the repository.
        func heldJobs() async throws -> Int {
            try await store.rows(jobs.statements.read.leases, [.id(worker)]) { try $0.id(JobID.self) }.count
        }

        /// Leaves dead rows behind: jobs that were claimed and completed, or came back.
        func churn(_ count: Int) async throws {
            var left = count
            while left > 0 {
                let held = try await jobs.claim(upTo: min(500, left), from: scope, by: worker)
                try #require(!held.isEmpty)
                _ = try await jobs.settle(
                    held.enumerated().map {
                        JobSettlement(
                            $1,
                            $0 % 50 == 0
                                ? .retry(at: temporary.clock.timeOfDay, error: "flaky") : .completed(result: nil))
                    })
                left -= held.count
            }
        }
    }

    @Test("with dead rows and old statistics, in batches and one by one", arguments: [1_000, 1_000_000])
    func pages(rows: Int) async throws {
        try await TemporaryPostgres.withOwnServer { (temporary) async throws in
            let field = try await Field(temporary, rows: rows)
            try await field.churn(min(rows / 5, 20_000))
            for planning in Planning.allCases {
                for limit in [100, 1] { try await check(limit, planning, in: field) }
            }
        }
    }

    private func check(_ limit: Int, _ planning: Planning, in field: Field) async throws {
        let store = field.store
        let (claim, settle, rescue) = (
            field.jobs.statements.claim, field.jobs.statements.settle, field.jobs.statements.rescue
        )
        let (groups, look) = field.look()
        let claimed = try await buffers(
            of: claim.sql,
            claim.parameters(
                upTo: limit, from: Self.scope, groups: groups, look, by: field.worker, in: store), planning, in: store)
        #expect(claimed <= 20 * limit + 100, "a claim of \(limit), \(planning)")
        let held = try await field.jobs.leases(of: field.worker)
        // The pages of what the statement has claimed past the repository.
        let tokens = try await store.rows(field.jobs.statements.read.leases, [.id(field.worker)]) {
            (try $0.id(JobID.self), try $0.token())
        }
        #expect(tokens.count == limit + held.count)
        let settled = try await buffers(
            of: settle.sql,
            settle.parameters(
                tokens.map { JobSettlement($0, token: $1, .completed(result: JSONText(stored: "1"))) },
                at: store.clock?.now()), planning, in: store)
        #expect(settled <= 25 * limit + 25, "a settlement of \(limit), \(planning)")

        let dead = WorkerID.make(at: field.temporary.clock.timeOfDay)
        try await field.jobs.register(dead, process: nil, leasedFor: .seconds(1_000))
        #expect(try await field.jobs.claim(upTo: limit, from: Self.scope, by: dead).count == limit)
        try await field.jobs.retire(dead)
        let rescued = try await buffers(
            of: rescue.sql, rescue.parameters(maxCrashes: 3, isThorough: false, in: store), planning, in: store)
        #expect(rescued <= 30 * limit + 30, "a rescue of \(limit), \(planning)")
        #expect(try await field.jobs.leases(of: dead).isEmpty)
    }

    @Test(
        "of jobs that are asked for by their identities, with dead rows and old statistics",
        arguments: [1_000, 1_000_000])
    func identities(rows: Int) async throws {
        try await TemporaryPostgres.withOwnServer { (temporary) async throws in
            let field = try await Field(temporary, rows: rows)
            let store = field.store
            try await field.churn(min(rows / 5, 20_000))
            for planning in Planning.allCases {
                for limit in [100, 1] {
                    let kind = JobKind(queueName: .default, type: Self.type)
                    let places = try await field.jobs.readyJobs(in: [JobRange(of: kind)], limit: limit)[0]
                    try #require(places.count == limit)
                    let held = try await field.heldJobs()
                    let claim = field.jobs.statements.claim
                    let pages = try await buffers(
                        of: claim.identitySQL,
                        claim.parameters(places.map(\.id), from: Self.scope, by: field.worker, in: store), planning,
                        in: store)
                    #expect(try await field.heldJobs() == held + limit)
                    #expect(pages <= 25 * limit + 25, "a claim of \(limit) by identity, \(planning)")
                }
            }
        }
    }

    @Test("of the places behind a place, whatever has died before it")
    func places() async throws {
        try await TemporaryPostgres.withOwnServer { (temporary) async throws in
            let field = try await Field(temporary, rows: 50_000)
            try await temporary.store.withConnection { other in
                try await other.withTransaction(isolation: .repeatableRead) { reader in
                    _ = try await reader.query("SELECT count(*) FROM \(temporary.store.schema).processing_jobs")
                    try await field.churn(15_000)
                    let last = try #require(
                        try await field.jobs.claim(upTo: 1, from: Self.scope, by: field.worker).first)
                    let range = JobRange(of: JobKind(last), after: JobPlace(last))
                    let ready = field.jobs.statements.ready
                    let pages = try await buffers(
                        of: ready.sql, ready.parameters(in: [range], limit: 100, in: field.store), .generic,
                        in: field.store)
                    #expect(pages <= 500)
                }
            }
        }
    }

    @Test("while an old snapshot keeps every dead row", arguments: [50_000])
    func snapshot(rows: Int) async throws {
        try await TemporaryPostgres.withOwnServer { (temporary) async throws in
            let field = try await Field(temporary, rows: rows)
            try await temporary.store.withConnection { other in
                try await other.withTransaction(isolation: .repeatableRead) { reader in
                    _ = try await reader.query("SELECT count(*) FROM \(temporary.store.schema).processing_jobs")
                    try await field.churn(15_000)
                    let (claim, store) = (field.jobs.statements.claim, field.store)
                    _ = try await field.jobs.claim(upTo: 100, from: Self.scope, by: field.worker)
                    let (groups, look) = field.look()
                    let claimed = try await buffers(
                        of: claim.sql,
                        claim.parameters(
                            upTo: 100, from: Self.scope, groups: groups, look, by: field.worker, in: store),
                        .generic, in: store)
                    #expect(claimed <= 20 * 100 + 100)
                    // The same from the front passes over all that was claimed: that is what the cursors are for.
                    var front = look
                    front.positions = front.positions.map { _ in .first }
                    let passing = try await buffers(
                        of: claim.sql,
                        claim.parameters(
                            upTo: 100, from: Self.scope, groups: groups, front, by: field.worker, in: store),
                        .generic, in: store)
                    #expect(passing > claimed + 1_000)
                }
            }
        }
    }

    @Test("of a worker that held many, few are looked up")
    func leases() async throws {
        try await TemporaryPostgres.withOwnServer { (temporary) async throws in
            let field = try await Field(temporary, rows: 20_000)
            try await temporary.store.withConnection { other in
                try await other.withTransaction(isolation: .repeatableRead) { reader in
                    _ = try await reader.query("SELECT count(*) FROM \(temporary.store.schema).processing_jobs")
                    try await field.churn(5_000)
                    let held = try await field.jobs.claim(upTo: 10, from: Self.scope, by: field.worker)
                    #expect(try await field.jobs.leases(of: field.worker).count == 10)
                    let pages = try await buffers(
                        of: field.jobs.statements.read.leasesOfKnown,
                        [.id(field.worker), .ids(held.map(\.id))], .generic, in: field.store)
                    #expect(pages <= 150)
                }
            }
        }
    }

    @Test("of a list of queued jobs that stand behind many newer ones which have ended")
    func list() async throws {
        try await TemporaryPostgres.withOwnServer { (temporary) async throws in
            let field = try await Field(temporary, rows: 8_000)
            try await temporary.psql(
                """
                INSERT INTO {schema}.processing_jobs (id, queue_name, job_type, payload, status, completed_at)
                SELECT ('00000000-0000-7001-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'default', 'work', '{}',
                       'COMPLETED', now()
                FROM generate_series(1, 100000) n
                """)
            try await temporary.psql("VACUUM {schema}.processing_jobs")
            let filter = JobFilter(queues: [.default], types: [Self.type], statuses: [.queued])
            #expect(try await field.jobs.jobs(matching: filter, before: nil, limit: 20).count == 20)
            let list = field.jobs.statements.list
            let pages = try await buffers(
                of: list.filtered, list.parameters(matching: filter, before: nil, limit: 20), .generic, in: field.store)
            #expect(pages <= 500)
        }
    }

    /// How a plan is made.
    private enum Planning: String, CaseIterable {
        /// For any parameters, as of a prepared statement.
        case generic = "force_generic_plan"
        /// For the parameters given, as through a pooler.
        case custom = "force_custom_plan"
    }

    /// Runs a statement and commits it.
    ///
    /// - Returns: the pages it has looked at, whether they were in memory or not.
    private func buffers(
        of sql: String, _ parameters: [PostgresParameter], _ planning: Planning, in store: PostgresStore
    ) async throws -> Int {
        let literals = parameters.map(\.asLiteral)
        let text = try await store.withConnection { connection in
            if planning == .custom { try await connection.execute("SET enable_seqscan = on") }
            try await connection.execute("SET plan_cache_mode = \(planning.rawValue)")
            try await connection.execute("PREPARE statement AS \(sql)")
            let rows = try await connection.rows(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE statement (\(literals.joined(separator: ", ")))"
            ) { try $0.value(String.self) }
            try await connection.execute("DEALLOCATE statement")
            try await connection.execute("SET plan_cache_mode = force_generic_plan")
            try await connection.execute("SET enable_seqscan = off")
            return rows.joined()
        }
        struct Explained: Decodable {
            struct Plan: Decodable {
                let hit: Int
                let read: Int

                enum CodingKeys: String, CodingKey {
                    case hit = "Shared Hit Blocks"
                    case read = "Shared Read Blocks"
                }
            }
            let plan: Plan

            enum CodingKeys: String, CodingKey { case plan = "Plan" }
        }
        let plan = try JSONDecoder().decode([Explained].self, from: Data(text.utf8))[0].plan
        return plan.hit + plan.read
    }
}

extension PostgresParameter {
    /// The parameter as it is written in SQL.
    fileprivate var asLiteral: String {
        func array<Element>(_ elements: [Element?], _ write: (Element) -> String) -> String {
            "'{\(elements.map { $0.map { "\"\(write($0).replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" } ?? "NULL" }.joined(separator: ","))}'"
        }
        func time(_ time: Timestamp) -> String {
            if time.microseconds == .min { return "-infinity" }
            let (seconds, rest) = time.microseconds.quotientAndRemainder(dividingBy: 1_000_000)
            let date = Date(timeIntervalSince1970: Double(seconds)).formatted(.iso8601)
            return date.replacing("Z", with: ".\(String(repeating: "0", count: 6 - "\(rest)".count))\(rest)Z")
        }
        return switch self {
        case .null: "NULL"
        case .text(let text): "'\(text)'"
        case .int4(let number): "\(number)"
        case .int8(let number): "\(number)"
        case .bool(let bool): "\(bool)"
        case .uuid(let id): "'\(id)'"
        case .time(let value): "'\(time(value))'"
        case .texts(let texts): array(texts) { $0 }
        case .int2s(let numbers): array(numbers) { "\($0)" }
        case .int4s(let numbers): array(numbers) { "\($0)" }
        case .int8s(let numbers): array(numbers) { "\($0)" }
        case .bools(let bools): array(bools) { "\($0)" }
        case .uuids(let ids): array(ids) { "\($0)" }
        case .jsons(let texts): array(texts) { $0 }
        case .times(let times): array(times, time)
        default: preconditionFailure("\(self) is in no statement of these tests")
        }
    }
}
