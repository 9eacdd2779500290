import Foundation
import TestServers

extension Workplace {
    /// Gives a test its folder, and a schema in the server that tests share, which is the store of runs that name no
    /// other.
    static func withPostgres<Value>(_ body: (Workplace, PostgresContents) async throws -> Value) async throws -> Value {
        let schema = try await PostgresServer.shared.freshSchema()
        return try await with(store: schema.url) { place in
            let value = try await body(place, PostgresContents(schema: schema))
            try await schema.drop()
            return value
        }
    }

    /// The variables of a user whose data folder is another, as on another machine.
    func elsewhere(_ name: String) -> [String: String?] {
        ["XDG_DATA_HOME": path(name)]
    }
}

/// Looks into a store in PostgreSQL from outside.
struct PostgresContents: Sendable {
    let schema: TestSchema

    /// Rows of a table that meet a condition.
    func count(_ table: String, where condition: String = "true") async throws -> Int {
        let text = try await schema.server.psql("SELECT count(*) FROM \(schema.name).\(table) WHERE \(condition)")
        return Int(text) ?? -1
    }
}
