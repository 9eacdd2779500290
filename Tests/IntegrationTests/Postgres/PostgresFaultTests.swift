import Foundation
import TestServers
import Testing

/// What a user is told when the database cannot be used.
@Suite(.bounded) struct PostgresFaultTests {
    private static let commands = [
        ["jobs", "list"], ["store", "info"], ["worker", "--command", "cksum"], ["cache", "stats"],
    ]

    private func requireOneLine(
        _ url: String, _ words: String..., in place: Workplace, environment: [String: String?] = [:]
    ) async throws {
        for command in Self.commands {
            let end = try await place.run(
                Program.path, command + ["--store", url], environment: environment)
            #expect(end.status == 1, "\(command): \(end.output)")
            #expect(end.output.isEmpty)
            let lines = end.errorLines.filter { $0.hasPrefix("millrace: ") }
            #expect(lines.count == 1 && end.errorLines.count == 1, "\(command): \(end.errors)")
            for word in words { #expect(end.errors.contains(word), "\(command): \(end.errors)") }
            #expect(!end.errors.contains("s3cret"), "\(command): \(end.errors)")
        }
    }

    @Test func `a URL that makes no sense is one line that says what is wrong with it`() async throws {
        try await Workplace.with { place in
            try await requireOneLine("postgres://u:s3cret@host:port/db", "port", in: place)
            try await requireOneLine("postgres://u:s3cret@host/db?colour=red", "colour", in: place)
            try await requireOneLine("postgres://u:s3cret@host/db?schema=No-Name", "schema", in: place)
            try await requireOneLine("mysql://u:s3cret@host/db", "mysql:", in: place)
        }
    }

    @Test func `a server that is not there, or not for this user, is one line that says so`() async throws {
        let server = try await PostgresServer.shared
        try await Workplace.with { place in
            try await requireOneLine("postgres://u:s3cret@127.0.0.1:1/db", "127.0.0.1:1", in: place)
            try await requireOneLine(
                "postgres://millrace:s3cret@127.0.0.1:\(server.port)/millrace", "password", in: place)
            try await requireOneLine(server.url(database: "nowhere"), "database", in: place)
            try await requireOneLine(server.url(user: "visitor", options: ["schema=visited"]), "schema", in: place)
        }
    }
}
