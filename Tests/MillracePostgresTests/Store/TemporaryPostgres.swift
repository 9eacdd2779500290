import Foundation
import MillraceCore
import MillraceTesting
import TestServers

@testable import MillracePostgres

/// How a test reaches the server.
enum Route: String, CaseIterable, Sendable, CustomStringConvertible {
    case direct
    /// In transaction mode, in which a session has no state.
    case pgBouncer

    var description: String { self == .direct ? "direct" : "by PgBouncer" }

    /// What leads to a schema.
    func url(to schema: TestSchema) async throws -> String {
        switch self {
        case .direct: schema.url
        case .pgBouncer: schema.url(by: try await PgBouncerServer.shared)
        }
    }
}

/// A store in a schema of its own, with a clock that stands still.
final class TemporaryPostgres: Sendable {
    let schema: TestSchema
    let clock: ManualClock
    let store: PostgresStore
    let statements: StatementLog

    private static let slots = TestSlots(16)

    /// Gives a test a store, and closes it afterwards. So many at once that the server has connections for all.
    static func with<Value: Sendable>(
        _ route: Route = .direct, _ body: (TemporaryPostgres) async throws -> Value
    ) async throws -> Value {
        try await slots.withSlot { try await with(route, on: try await PostgresServer.shared, body) }
    }

    /// Gives a test a store on a server of its own: what others look at there keeps dead rows from being cleared away.
    static func withOwnServer<Value: Sendable>(
        _ body: @Sendable (TemporaryPostgres) async throws -> Value
    ) async throws -> Value {
        try await PostgresServer.with { server in try await with(.direct, on: server, body) }
    }

    private static func with<Value: Sendable>(
        _ route: Route, on server: PostgresServer, _ body: (TemporaryPostgres) async throws -> Value
    ) async throws -> Value {
        let temporary = try await TemporaryPostgres(route, on: server)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(temporary))
        } catch {
            result = .failure(error)
        }
        await temporary.store.close()
        try await temporary.schema.drop()
        return try result.get()
    }

    private init(_ route: Route, on server: PostgresServer) async throws {
        let schema = server.freshSchema()
        let (clock, statements) = (ManualClock(), StatementLog())
        store = try await PostgresStore(
            PostgresConfiguration(try await route.url(to: schema)),
            options: .init(
                // Nobody is to wait in vain on a machine that has much else to do.
                pool: .init(size: 4, maxOverflow: 2, timeout: .seconds(300), echo: true), clock: clock,
                logger: statements.logger))
        self.schema = schema
        self.clock = clock
        self.statements = statements
    }

    /// Runs SQL beside the store, with `{schema}` for its schema.
    ///
    /// - Returns: the rows, a line each, their columns separated by `|`.
    @discardableResult
    func psql(_ sql: String) async throws -> String {
        try await schema.server.psql(sql.replacing("{schema}", with: schema.name))
    }
}

/// Lets so many tests do something at once; the others wait in order.
actor TestSlots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        free = count
    }

    nonisolated func withSlot<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        await take()
        let result: Result<Value, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        await giveBack()
        return try result.get()
    }

    private func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    private func giveBack() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }
}
