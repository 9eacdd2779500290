import Foundation
import MillraceCore

@testable import MillracePostgres

/// What a statement costs the server: it is run, and the pages are counted that it looks at.
struct StatementCost {
    /// How the plan is made.
    enum Planning: String, CaseIterable, Sendable {
        /// For any parameters, as after some runs of a prepared statement.
        case generic = "force_generic_plan"
        /// For the parameters given.
        case custom = "force_custom_plan"
    }

    struct NoPlan: Error {}

    /// Runs a statement and commits it.
    ///
    /// - Returns: the pages it has looked at, whether they were in memory or not.
    static func buffers(
        of sql: String, _ parameters: [PostgresParameter], _ planning: Planning, in store: PostgresStore
    ) async throws -> Int {
        let types = parameters.map { $0.literal.type }.joined(separator: ", ")
        let values = parameters.map { $0.literal.text }.joined(separator: ", ")
        let text = try await store.withConnection { connection in
            // As on a direct connection, or behind a pooler.
            try await connection.execute("SET plan_cache_mode = \(planning.rawValue)")
            try await connection.execute("SET enable_seqscan = \(planning == .generic ? "off" : "on")")
            try await connection.execute("PREPARE statement (\(types)) AS \(sql)")
            let rows = try await connection.rows(
                "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE statement (\(values))"
            ) { try $0.value(String.self) }
            try await connection.execute("DEALLOCATE statement")
            try await connection.execute("SET plan_cache_mode = force_generic_plan")
            try await connection.execute("SET enable_seqscan = off")
            return rows.joined()
        }
        return try JSONDecoder().decode([Explained].self, from: Data(text.utf8)).first.map { $0.plan.buffers }
            ?? { throw NoPlan() }()
    }

    private struct Explained: Decodable {
        let plan: Node

        enum CodingKeys: String, CodingKey { case plan = "Plan" }
    }

    private struct Node: Decodable {
        let hit: Int
        let read: Int
        let name: String?
        let table: String?
        let children: [Node]?

        enum CodingKeys: String, CodingKey {
            case hit = "Shared Hit Blocks"
            case read = "Shared Read Blocks"
            case name = "Subplan Name"
            case table = "CTE Name"
            case children = "Plans"
        }

        /// A part whose rows nobody reads is run after the rest, and not counted with it.
        var buffers: Int {
            let read = names
            let unread = (children ?? []).filter { child in
                child.name.map { $0.hasPrefix("CTE ") && !read.contains(String($0.dropFirst(4))) } ?? false
            }
            return hit + self.read + unread.reduce(0) { $0 + $1.hit + $1.read }
        }

        private var names: Set<String> {
            (children ?? []).reduce(into: table.map { [$0] } ?? []) { $0.formUnion($1.names) }
        }
    }
}

extension PostgresParameter {
    /// The parameter as it is written in SQL.
    var literal: (text: String, type: String) {
        func array<Element>(_ elements: [Element?], _ type: String, _ write: (Element) -> String) -> (String, String) {
            ("ARRAY[\(elements.map { $0.map(write) ?? "NULL" }.joined(separator: ", "))]::\(type)[]", "\(type)[]")
        }
        func quoted(_ text: String) -> String { "'\(text.replacing("'", with: "''"))'" }
        return switch self {
        case .text(let text): (quoted(text), "text")
        case .int4(let number): ("\(number)", "integer")
        case .bool(let bool): ("\(bool)", "boolean")
        case .uuid(let uuid): ("'\(uuid)'", "uuid")
        case .time(let time): ("'epoch'::timestamptz + \(time.microseconds) * interval '1 microsecond'", "timestamptz")
        case .texts(let texts): array(texts, "text", quoted)
        case .int8s(let numbers): array(numbers, "bigint") { "\($0)" }
        case .bools(let bools): array(bools, "boolean") { "\($0)" }
        case .uuids(let ids): array(ids, "uuid") { "'\($0)'" }
        case .jsons(let texts): array(texts, "jsonb", quoted)
        case .times(let times):
            array(times, "timestamptz") { "'epoch'::timestamptz + \($0.microseconds) * interval '1 microsecond'" }
        case .null: ("NULL", "uuid[]")
        default: preconditionFailure("\(self) is in no statement of these tests")
        }
    }
}
