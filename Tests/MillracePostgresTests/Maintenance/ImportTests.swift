import MillraceCore
import MillraceTesting
import TestServers
import Testing

@testable import MillracePostgres

@Suite("Taking over another store")
struct ImportTests {
    /// The rows of `job_queues`, one for each document.
    private static func queues(_ documents: [String]) throws -> [[StoreValue]] {
        try documents.enumerated().map { index, document in
            let time = Timestamp(microseconds: 1_767_225_600_000_001 + 1_000 * Int64(index))
            let id: Identifier<StoreTable> = .make(at: time)
            return [
                .id(id.uuid), .text("queue \(index)"), .json(try JSONText(document)), .time(time), .time(time),
            ]
        }
    }

    private static func copy(_ rows: [[StoreValue]], to store: PostgresStore) async throws(StoreError) {
        _ = try await PostgresImport(store).run(
            cacheVersion: 7,
            from: { table, key in table.name == "job_queues" && key == nil ? rows : [] })
    }

    @Test("spelling of JSON is no change, whatever the server makes of it")
    func spelling() async throws {
        var generator = TestSeed.generator()
        let known = [
            #"{"a":1e16}"#, #"{"a":1.5e+17}"#, #"{"a":[1e20,-0.0,-0,0e5,1.50,100E-2]}"#, #"{"b":"\u00e9\/","a":"1e2"}"#,
            #"{"a":1,"a":{"n":12345678901234567890.0123456789}}"#,
        ]
        let random = (0..<300).map { _ in #"{"v":\#(Self.value(3, &generator))}"# }
        try await TemporaryPostgres.with { temporary in
            do {
                try await Self.copy(Self.queues(known + random), to: temporary.store)
            } catch {
                Issue.record("\(error) (seed \(TestSeed.value))")
            }
            let count = try await temporary.psql("SELECT count(*) FROM {schema}.job_queues")
            #expect(count == "305")
        }
    }

    @Test("samples arrive as they were, and later ones come behind them")
    func samples() async throws {
        let values: [StoreValue] = [
            .real(1.5), .null, .real(StaleMarker.otherNaN), .real(.infinity), .real(.leastNonzeroMagnitude),
        ]
        let now = ManualClock.standardStart
        let rows: [[StoreValue]] = values.enumerated().map { index, value in
            [
                .integer(Int64(10 * index + 5)), .text("depth"), value, .json(JSONText(stored: #"{"host":"a"}"#)),
                .time(now + .seconds(index)),
            ]
        }
        try await TemporaryPostgres.with { temporary in
            _ = try await PostgresImport(temporary.store).run(
                cacheVersion: 0, from: { table, key in table.name == "metrics" && key == nil ? rows : [] })
            let series = MetricSeries(try MetricName("depth"), try MetricLabels(["host": "a"]))
            let repository = PostgresMetricsRepository(temporary.store)
            try await repository.write([MetricSample(series, 7, at: now + .seconds(5))])
            let found = try await repository.queryTimeSeries(
                series.name, range: TimeRange(from: now, to: now + .seconds(5), step: .seconds(1)), tags: .none)
            #expect(found.map(\.series) == [series])
            #expect(found[0].values.map { "\($0.value)" } == ["1.5", "nan(0x1)", "inf", "5e-324", "7.0"])
            #expect(try await temporary.psql("SELECT max(id) FROM {schema}.metrics") == "46")
        }
    }

    @Test(
        "what arrives otherwise than it was sent is refused, and nothing of it stays",
        arguments: [
            "NEW.name := NEW.name || ' '", "NEW.settings := '{\"a\": 1.0000000001}'",
            "NEW.updated_at := NEW.updated_at + interval '1 microsecond'",
        ])
    func changed(change: String) async throws {
        try await TemporaryPostgres.with { temporary in
            try await temporary.psql(
                """
                CREATE FUNCTION {schema}.own_change() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                    IF NEW.name = 'queue 1' THEN \(change); END IF;
                    RETURN NEW;
                END $$;
                CREATE TRIGGER own_change BEFORE INSERT ON {schema}.job_queues
                    FOR EACH ROW EXECUTE FUNCTION {schema}.own_change();
                """)
            let rows = try Self.queues([#"{"a":1}"#, #"{"a":1}"#, #"{"a":1}"#])
            let error = await #expect(throws: StoreError.self) { try await Self.copy(rows, to: temporary.store) }
            #expect(error?.code == .corrupted)
            #expect(
                error?.message.contains("job_queues did not arrive as it was sent (3 rows sent, 3 arrived)") == true,
                "\(String(describing: error))")
            #expect(try await temporary.psql("SELECT count(*) FROM {schema}.job_queues") == "0")
            try await temporary.psql("DROP FUNCTION {schema}.own_change CASCADE")
            try await Self.copy(rows, to: temporary.store)
        }
    }

    /// A random document, nested at most so deep.
    private static func value(_ depth: Int, _ generator: inout SeededGenerator) -> String {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &generator) {
        case 0: return ["true", "false", "null"].randomElement(using: &generator) ?? "null"
        case 1: return #""\u00e9 1e5\t""#
        case 2: return "\(Double.random(in: -1e20...1e20, using: &generator))"
        case 3..<6:
            let sign = Bool.random(using: &generator) ? "-" : ""
            let whole =
                UInt64.random(in: 0...UInt64.max, using: &generator) >> UInt64.random(in: 0..<64, using: &generator)
            let fraction = Bool.random(using: &generator) ? ".\(Int.random(in: 0..<1_000, using: &generator))0" : ""
            let exponent =
                [
                    "", "e0", "E+\(Int.random(in: 0...25, using: &generator))",
                    "e-\(Int.random(in: 0...25, using: &generator))",
                ]
                .randomElement(using: &generator) ?? ""
            return "\(sign)\(whole)\(fraction)\(exponent)"
        case 6:
            let elements = (0..<Int.random(in: 0...3, using: &generator)).map { _ in value(depth - 1, &generator) }
            return "[\(elements.joined(separator: ", "))]"
        default:
            let fields = (0..<Int.random(in: 0...3, using: &generator)).map {
                #""k\#($0)":\#(value(depth - 1, &generator))"#
            }
            return "{\(fields.reversed().joined(separator: ","))}"
        }
    }
}
