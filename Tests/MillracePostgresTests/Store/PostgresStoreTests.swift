import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

@Suite("A PostgreSQL store")
struct PostgresStoreTests {
    private struct OwnError: Error, Equatable {}

    @Test("commits what a transaction has done, and undoes all of it when its body throws", arguments: Route.allCases)
    func transaction(route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            let store = temporary.store
            try await temporary.psql("CREATE TABLE {schema}.own_notes (note text)")
            _ = try await store.transaction { connection in
                try await connection.execute("INSERT INTO \(store.schema).own_notes VALUES ($1)", [.text("kept")])
            }
            await #expect(throws: OwnError()) {
                try await store.transaction { connection in
                    try await connection.execute("INSERT INTO \(store.schema).own_notes VALUES ($1)", [.text("undone")])
                    throw OwnError()
                }
            }
            let error = await #expect(throws: StoreError.self) {
                try await store.transaction { connection in
                    try await connection.execute("INSERT INTO \(store.schema).own_notes VALUES ($1)", [.text("undone")])
                    try await connection.execute("INSERT INTO \(store.schema).nowhere VALUES (1)")
                }
            }
            #expect(error?.code == .corrupted)
            #expect(try await temporary.psql("SELECT note FROM {schema}.own_notes") == "kept")
        }
    }

    @Test("runs transactions again that waited for each other", arguments: Route.allCases)
    func deadlock(route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            let store = temporary.store
            try await temporary.psql(
                "CREATE TABLE {schema}.own_sums (id int PRIMARY KEY, sum int); INSERT INTO {schema}.own_sums VALUES (1, 0), (2, 0)"
            )
            let started = Locked(0)
            let tries = Locked(0)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[1, 2], [2, 1]] {
                    group.addTask {
                        try await store.write { connection in
                            tries.withLock { $0 += 1 }
                            for id in order {
                                try await connection.execute(
                                    "UPDATE \(store.schema).own_sums SET sum = sum + 1 WHERE id = $1",
                                    [.int4(Int32(id))])
                                started.withLock { $0 += 1 }
                                // Both hold their first row before one asks for its second.
                                try await eventually { started.withLock { $0 } >= 2 }
                            }
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(tries.withLock { $0 } > 2)
            #expect(try await temporary.psql("SELECT sum FROM {schema}.own_sums ORDER BY id") == "2\n2")
        }
    }

    @Test("runs a statement again that other transactions came in the way of, but not for ever")
    func conflicts() async throws {
        try await TemporaryPostgres.with { temporary in
            try await temporary.psql(
                """
                CREATE SEQUENCE {schema}.own_calls;
                CREATE FUNCTION {schema}.own_conflict(upto bigint) RETURNS bigint LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('{schema}.own_calls') < upto THEN
                        RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure';
                    END IF;
                    RETURN currval('{schema}.own_calls');
                END $$;
                """)
            let store = temporary.store
            let calls = try await store.rows(
                "SELECT \(store.schema).own_conflict($1)", [.int8(3)]
            ) { try $0.value(Int.self) }
            #expect(calls == [3])
            let error = await #expect(throws: StoreError.self) {
                try await store.execute("SELECT \(store.schema).own_conflict($1)", [.int8(1_000)])
            }
            #expect(error?.code == .busy)
        }
    }

    @Test("runs a transaction again in which the store's own statement met with a conflict", arguments: Route.allCases)
    func conflictOfAdapter(route: Route) async throws {
        try await TemporaryPostgres.with(route) { temporary in
            let jobs = PostgresJobQueueRepository(temporary.store)
            let work = JobRequest(JobType(known: "work"))
            try await temporary.psql(
                """
                CREATE SEQUENCE {schema}.own_calls;
                CREATE FUNCTION {schema}.own_conflict() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF nextval('{schema}.own_calls') = 1 THEN
                        RAISE EXCEPTION 'conflict' USING ERRCODE = 'deadlock_detected';
                    END IF;
                    RETURN NULL;
                END $$;
                CREATE TRIGGER own_conflict AFTER INSERT OR UPDATE OR DELETE ON {schema}.processing_jobs
                FOR EACH STATEMENT EXECUTE FUNCTION {schema}.own_conflict();
                """)
            let tries = Locked(0)
            let receipt = try await temporary.store.transaction { connection in
                tries.withLock { $0 += 1 }
                return try await jobs.enqueue([work], in: connection)
            }
            #expect(tries.withLock { $0 } == 2)
            #expect(try await jobs.job(receipt.ids[0])?.status == .queued)

            let worker = WorkerID.make(at: temporary.clock.timeOfDay)
            try await jobs.register(worker, process: nil, leasedFor: .seconds(10))
            let job = try #require(try await jobs.claim(upTo: 1, from: JobScope(types: [work.type]), by: worker).first)
            try await temporary.psql("SELECT setval('{schema}.own_calls', 1, false)")
            let lost = try await temporary.store.transaction { connection in
                tries.withLock { $0 += 1 }
                return try await jobs.settle([JobSettlement(job, .completed(result: nil))], in: connection)
            }
            #expect(lost.isEmpty && tries.withLock { $0 } == 4)
            #expect(try await jobs.job(job.id)?.status == .completed)
        }
    }

    @Test("plans a transaction of the caller's own by the server's settings, and its own statements by its own")
    func planning() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = temporary.store
            let question = """
                SELECT count(*) FILTER (WHERE setting IS DISTINCT FROM reset_val) FROM pg_settings
                WHERE name IN ('enable_seqscan', 'enable_bitmapscan', 'jit')
                """
            let others = try await store.transaction { try await $0.query(question)[0].value(0, as: Int.self) }
            #expect(others == 0)
            #expect(try await store.write { try await $0.query(question)[0].value(0, as: Int.self) } > 0)
            #expect(try await store.rows(question) { try $0.value(Int.self) }[0] > 0)
            // Nor is a plan kept that was made by such settings, and would be used by all who run the same statement.
            let plans = try await store.transaction { connection in
                for number in 0..<20 { try await connection.query("SELECT $1::bigint + 1", [.int8(Int64(number))]) }
                return try await connection.query(
                    "SELECT sum(generic_plans)::bigint FROM pg_prepared_statements WHERE statement = 'SELECT $1::bigint + 1'"
                )[0].value(0, as: Int.self)
            }
            #expect(plans == 0)
        }
    }

    @Test("after its connection broke runs again what may be run twice, and nothing else")
    func lost() async throws {
        try await TemporaryPostgres.with { temporary in
            let store = temporary.store
            for isIdempotent in [true, false] {
                let tries = Locked(0)
                let body: @Sendable (PostgresConnection) async throws -> Int = { connection in
                    let isFirst = tries.withLock { tries in
                        tries += 1
                        return tries == 1
                    }
                    if isFirst { _ = try await connection.query("SELECT pg_terminate_backend(pg_backend_pid())") }
                    return try await connection.query("SELECT 7")[0].value(0)
                }
                if isIdempotent {
                    let value = try await store.withConnection(isIdempotent: true, body)
                    #expect(value == 7)
                } else {
                    let error = await #expect(throws: StoreError.self) { try await store.withConnection(body) }
                    #expect(error?.code == .unavailable && error?.isRetryable == true)
                }
                #expect(tries.withLock { $0 } == (isIdempotent ? 2 : 1))
            }
        }
    }

    @Test("opened by ten at once, makes its schema once", arguments: Route.allCases)
    func together(route: Route) async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let url = try await route.url(to: schema)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<10 {
                group.addTask {
                    let store = try await PostgresStore(PostgresConfiguration(url))
                    #expect(try await PostgresCacheStore(store).count() == 0)
                    await store.close()
                }
            }
            try await group.waitForAll()
        }
        let versions = try await schema.server.psql("SELECT count(*) FROM \(schema.name).schema_migrations")
        #expect(versions == "\(Migration.all.count)")
        try await schema.drop()
    }

    @Test("that may not make its schema says so when there is none")
    func missing() async throws {
        let schema = try await PostgresServer.shared.freshSchema()
        let error = await #expect(throws: StoreError.self) {
            try await PostgresStore(PostgresConfiguration(schema.url), options: .init(migrates: false))
        }
        #expect(error?.message.contains("millrace migrate") == true, "\(String(reflecting: error))")
        let schemas = try await schema.server.psql("SELECT count(*) FROM pg_namespace WHERE nspname = '\(schema.name)'")
        #expect(schemas == "0")
    }

    @Test("identifiers ascend")
    func identifiers() async throws {
        try await TemporaryPostgres.with { temporary in
            let ids: [JobID] = (0..<1_000).map { _ in temporary.store.makeID(at: temporary.clock.now()) }
            #expect(ids == ids.sorted() && Set(ids).count == 1_000)
        }
    }
}
