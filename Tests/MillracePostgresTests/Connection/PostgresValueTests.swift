import Foundation
import MillraceCore
import MillracePostgres
import TestServers
import Testing

@Suite struct PostgresValueTests {
    /// Sends a value and reads it back.
    private func echo<Value: PostgresDecodable & Equatable>(
        _ parameter: PostgresParameter, as type: String, _: Value.Type = Value.self
    ) async throws -> Value? {
        try await connect().query("SELECT $1::\(type)", [parameter])[0].optional(0)
    }

    @Test func integersAreReadAsTheyWereWritten() async throws {
        for value in [Int64.min, -1, 0, 1, .max] { #expect(try await echo(.int8(value), as: "bigint") == value) }
        for value in [Int32.min, 0, .max] { #expect(try await echo(.int4(value), as: "integer") == value) }
        for value in [Int16.min, 0, .max] { #expect(try await echo(.int2(value), as: "smallint") == value) }
        #expect(try await echo(.int2(7), as: "smallint") == Int64(7))
        #expect(try await echo(.int8(7), as: "bigint") == 7)
    }

    @Test func numbersAndTruthAreReadAsTheyWereWritten() async throws {
        for value in [0.1, -0.0, Double.infinity, .leastNonzeroMagnitude] {
            #expect(try await echo(.float8(value), as: "double precision") == value)
        }
        #expect(try await echo(.bool(true), as: "boolean") == true)
        #expect(try await echo(.bool(false), as: "boolean") == false)
    }

    @Test(arguments: ["", "a", "Größe 😀 \u{1}", String(repeating: "x", count: 3_000_000)])
    func textsAreReadAsTheyWereWritten(text: String) async throws {
        #expect(try await echo(.text(text), as: "text") == text)
    }

    @Test func bytesAndIdentitiesAreReadAsTheyWereWritten() async throws {
        let bytes = (0...255).map { UInt8($0) }
        #expect(try await echo(.bytes(bytes), as: "bytea") == bytes)
        #expect(try await echo(.bytes([]), as: "bytea") == [UInt8]())
        let id = UUID()
        #expect(try await echo(.uuid(id), as: "uuid") == id)
    }

    @Test(arguments: [Int64.min, -1, 0, 946_684_800_000_000, 1_764_000_000_123_456, .max])
    func timesAreReadToTheMicrosecond(microseconds: Int64) async throws {
        let time = Timestamp(microseconds: microseconds)
        #expect(try await echo(.time(time), as: "timestamptz") == time)
    }

    @Test func aTimeIsTheOneThatTheServerMeans() async throws {
        let row = try await connect().query(
            "SELECT extract(epoch FROM $1::timestamptz)::float8",
            [.time(Timestamp(microseconds: 1_764_000_000_500_000))])
        #expect(try row[0].value(0) == 1_764_000_000.5)
    }

    @Test func jsonIsReadAsTheServerKeepsIt() async throws {
        #expect(
            try await echo(.json("{\"b\":1,\"a\":[null,\"ü\"]}"), as: "jsonb") == "{\"a\": [null, \"ü\"], \"b\": 1}")
    }

    @Test func nullIsNilOfAnyType() async throws {
        #expect(try await echo(.null, as: "bigint", Int64.self) == nil)
        #expect(try await echo(.text(nil as String?), as: "text", String.self) == nil)
        #expect(try await echo(.uuid(nil as UUID?), as: "uuid", UUID.self) == nil)
    }

    @Test func arraysAreReadAsTheyWereWrittenWithTheirNulls() async throws {
        let ids = [UUID(), nil, UUID()]
        let times = [Timestamp(microseconds: 1), nil]
        #expect(try await echo(.int8s([1, nil, 3]), as: "bigint[]") == [1, nil, 3] as [Int64?])
        #expect(try await echo(.int4s([1, nil]), as: "integer[]") == [1, nil] as [Int32?])
        #expect(try await echo(.int2s([1, nil]), as: "smallint[]") == [1, nil] as [Int16?])
        #expect(try await echo(.float8s([0.5, nil]), as: "float8[]") == [0.5, nil] as [Double?])
        #expect(try await echo(.bools([true, nil]), as: "boolean[]") == [true, nil] as [Bool?])
        #expect(try await echo(.texts(["", nil, "b"]), as: "text[]") == ["", nil, "b"] as [String?])
        #expect(try await echo(.jsons(["1", nil]), as: "jsonb[]") == ["1", nil] as [String?])
        #expect(try await echo(.byteArrays([[0, 1], nil, []]), as: "bytea[]") == [[0, 1], nil, []] as [[UInt8]?])
        #expect(try await echo(.uuids(ids), as: "uuid[]") == ids)
        #expect(try await echo(.times(times), as: "timestamptz[]") == times)
        #expect(try await echo(.texts([]), as: "text[]") == [] as [String?])
    }

    @Test func oneStatementTextServesEveryNumberOfRows() async throws {
        let connection = try await connect()
        for count in [0, 1, 10, 5_000] {
            let rows = try await connection.query(
                "SELECT id * 2 FROM unnest($1::bigint[]) WITH ORDINALITY AS given (id, place) ORDER BY place",
                [.int8s((0..<count).map { Int64($0) })])
            #expect(try rows.map { try $0.value(0, as: Int.self) } == (0..<count).map { $0 * 2 })
        }
        let prepared = try await connection.query(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%unnest(%'")
        #expect(try prepared[0].value(0, as: Int.self) == 2)
    }

    @Test func aValueOfAnotherTypeIsAnErrorThatNamesTheColumn() async throws {
        let rows = try await connect().query("SELECT 'secret'::text, NULL::bigint, 300::integer")
        let wrong = #expect(throws: PostgresError.self) { try rows[0].value(0, as: Int.self) }
        #expect(wrong?.code == .value)
        #expect(wrong?.message.contains("column 1") == true)
        #expect(wrong?.message.contains("secret") == false)
        let missing = #expect(throws: PostgresError.self) { try rows[0].value(1, as: Int.self) }
        #expect(missing?.message == "column 2 must not be NULL")
        #expect(try rows[0].value(2, as: Int.self) == 300)
    }

    @Test func aNULInATextIsRefusedByTheServer() async throws {
        let connection = try await connect()
        let error = await postgresError { try await connection.query("SELECT $1::text", [.text("a\u{0}b")]) }
        #expect(error?.sqlState == .characterNotInRepertoire)
        #expect(connection.isUsable)
    }

    @Test func columnsHaveNames() async throws {
        #expect(try await connect().query("SELECT 1 AS one, 2 AS \"Two\"").columnNames == ["one", "Two"])
    }
}
