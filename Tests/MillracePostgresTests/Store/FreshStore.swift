import Logging
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers

@testable import MillracePostgres

/// A store in a schema of its own, with a clock that stands still.
final class FreshStore: Sendable {
    /// How the store reaches its server.
    enum Way: String, CaseIterable, Sendable {
        case direct
        /// In transaction mode, in which a session has no state.
        case pgBouncer
    }

    let schema: TestSchema
    let clock = ManualClock()
    let store: PostgresStore
    private let statements = Statements()

    /// How many statements have read or written rows so far; those around a transaction do not count.
    var statementCount: Int { statements.count.withLock { $0 } }

    /// Makes a store, and removes it afterwards.
    static func with<Value: Sendable>(
        _ way: Way = .direct, _ body: (FreshStore) async throws -> Value
    ) async throws -> Value {
        let fresh = try await FreshStore(way)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(fresh))
        } catch {
            result = .failure(error)
        }
        await fresh.store.close()
        try await fresh.schema.drop()
        return try result.get()
    }

    private init(_ way: Way) async throws {
        schema = try await PostgresServer.shared.freshSchema()
        let url =
            switch way {
            case .direct: schema.url
            case .pgBouncer: schema.url(by: try await PgBouncerServer.shared)
            }
        store = try await PostgresStore(
            PostgresConfiguration(url),
            options: .init(
                // Nobody is to wait in vain on a machine that has much else to do.
                pool: .init(size: 4, maxOverflow: 2, timeout: .seconds(300), echo: true), clock: clock,
                logger: statements.logger))
    }

    /// The adapters over the store, as the contract suites want them.
    var fixture: StoreFixture {
        StoreFixture(
            jobs: PostgresJobQueueRepository(store), processings: PostgresProcessingRepository(store),
            transcripts: PostgresTranscriptRepository(store), cache: PostgresCacheStore(store), clock: clock,
            statementCount: { self.statementCount },
            skewCounters: { [store] id in
                try await store.execute(
                    """
                    UPDATE \(store.schema).processing_tasks SET completed_chunks = completed_chunks - 1 WHERE id = $1
                    """, [.id(id)])
            })
    }

    /// Counts the statements that a pool with `echo` logs.
    private final class Statements: Sendable {
        let count = Mutex(0)

        var logger: Logger {
            var logger = Logger(label: "statements") { _ in Handler(statements: self) }
            logger.logLevel = .debug
            return logger
        }

        struct Handler: LogHandler {
            let statements: Statements
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.debug

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                guard let sql = event.metadata?["sql"] else { return }
                let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "COPY"]
                if verbs.contains(where: { "\(sql)".hasPrefix($0) }) { statements.count.withLock { $0 += 1 } }
            }
        }
    }
}
