import MillraceCore
import Testing

@testable import MillracePostgres

@Suite("A failure of PostgreSQL")
struct FailureMeaningTests {
    enum Course: Sendable { case goesOn, stops, fails }

    private static let place = "db.example:5432/millrace as worker, schema millrace"

    @Test(
        "names the server and what to do, and tells whether work goes on when it passes or stops until it is mended",
        arguments: [
            ("40001", Course.goesOn, "try again"), ("40P01", .goesOn, "try again"), ("55P03", .goesOn, "holds locks"),
            ("57P01", .goesOn, "is shutting down or was restarted"), ("57P02", .goesOn, "was restarted"),
            ("57P03", .goesOn, "is starting"), ("57P05", .goesOn, "ended the connection"),
            ("57014", .goesOn, "statement_timeout"), ("53100", .goesOn, "make room"),
            ("53200", .goesOn, "short of memory"), ("53300", .goesOn, "raise max_connections"),
            ("53400", .goesOn, "another resource"), ("08006", .goesOn, "check the server and the network"),
            ("08P01", .goesOn, "check the server and the network"), ("3D000", .goesOn, "createdb"),
            ("28P01", .goesOn, "set PGPASSWORD"), ("28000", .goesOn, "pg_hba.conf"),
            ("58030", .goesOn, "check its disk"),
            ("25006", .stops, "target_session_attrs=read-write"), ("42501", .stops, "grant it all rights"),
            ("42P01", .stops, "millrace migrate --check"), ("42703", .stops, "millrace migrate --check"),
            ("3F000", .stops, "millrace migrate --check"), ("XX001", .stops, "from a backup"),
            ("XX002", .stops, "from a backup"), ("58P01", .stops, "from a backup"),
            ("23505", .fails, "load again"), ("22021", .fails, "NUL"), ("22P05", .fails, "NUL"),
            ("54000", .fails, "too large"), ("XX000", .fails, "failed"), ("42601", .fails, "failed"),
        ])
    func meaning(state: String, course: Course, says: String) {
        var cause = PostgresError(.server(SQLState(rawValue: state)), "INSERT of secret")
        cause.serverMessage = "secret"
        let error = StoreError(postgres: cause, store: Self.place)
        #expect(error.message.contains("db.example:5432/millrace") || course == .fails)
        #expect(error.message.contains(says), "\(error)")
        #expect(!error.message.contains("secret") && !error.message.contains("\n"))
        #expect(error.isRetryable == (course == .goesOn))
        #expect(error.needsMending == (course == .stops))
        #expect((error.cause as? PostgresError)?.sqlState?.rawValue == state)
    }

    @Test(
        "that the server has no part in is told too",
        arguments: [
            (PostgresError.Code.connectionLost, StoreError.Code.unavailable, "broke"),
            (.authentication, .unavailable, "set PGPASSWORD"),
            (.timedOut, .unavailable, "did not answer in time"), (.cancelled, .cancelled, "cancelled"),
            (.misuse, .unexpected, "failed"), (.value, .corrupted, "makes no sense"),
        ])
    func own(code: PostgresError.Code, expected: StoreError.Code, says: String) {
        let error = StoreError(postgres: PostgresError(code, "what happened"), store: Self.place)
        #expect(error.code == expected)
        #expect(error.message.contains(says), "\(error)")
    }

    @Test(
        "to connect or to lend says what the client says",
        arguments: [
            (PostgresError.Code.connectionFailed, StoreError.Code.unavailable), (.configuration, .invalid),
            (.unsupported, .invalid), (.poolTimeout, .busy), (.poolClosed, .invalid),
        ])
    func told(code: PostgresError.Code, expected: StoreError.Code) {
        let error = StoreError(postgres: PostgresError(code, "what to do"), store: Self.place)
        #expect(error.code == expected && error.message.hasSuffix("what to do"))
    }

    @Test(
        "to connect, of which there are only words, goes by what they name",
        arguments: [
            ("FATAL:  role \"ann\" does not exist", "the user"), ("FATAL:  database \"w\" does not exist", "createdb"),
            ("FATAL:  no such database: w", "createdb"), ("FATAL:  sorry, too many clients already", "max_connections"),
        ])
    func words(text: String, says: String) {
        let cause = PostgresError(.connectionFailed, "no connection to PostgreSQL: \(text)")
        let error = StoreError(postgres: cause, store: Self.place)
        #expect(error.code == .unavailable && error.message.contains(says), "\(error)")
    }

    @Test("in which the server gave its reason before it ended the connection goes by that reason")
    func reason() {
        var cause = PostgresError(.connectionLost, "gone")
        cause.sqlState = .adminShutdown
        let error = StoreError(postgres: cause, store: Self.place)
        #expect(error.code == .unavailable && error.message.contains("is shutting down"))
    }
}
