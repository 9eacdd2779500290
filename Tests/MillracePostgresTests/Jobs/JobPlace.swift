import Foundation
import Logging
import MillraceCore
import MillraceTesting
import Synchronization
import TestServers

@testable import MillracePostgres

/// A store in a schema of its own, with a clock that stands still, and all that was said to its server.
final class JobPlace: Sendable {
    struct TookTooLong: Error {}

    /// So many at once that the server has connections for all, and time.
    private static let slots = Slots(8)

    let schema: TestSchema
    let clock = ManualClock()
    let store: PostgresStore
    let statements = Statements()

    /// Gives a test a store, and removes it afterwards.
    static func with<Value: Sendable>(
        _ way: FreshStore.Way = .direct, _ body: (JobPlace) async throws -> Value
    ) async throws -> Value {
        await slots.enter()
        defer { slots.leave() }
        let place = try await JobPlace(way)
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(place))
        } catch {
            result = .failure(error)
        }
        await place.store.close()
        try await place.schema.drop()
        return try result.get()
    }

    /// Lets so many tests do something at once; the others wait in order.
    private final class Slots: Sendable {
        private let state: Mutex<(free: Int, waiting: [CheckedContinuation<Void, Never>])>

        init(_ count: Int) {
            state = Mutex((count, []))
        }

        func enter() async {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock { state in
                    guard state.free == 0 else {
                        state.free -= 1
                        return true
                    }
                    state.waiting.append(continuation)
                    return false
                }
                if isFree { continuation.resume() }
            }
        }

        func leave() {
            let next = state.withLock { state -> CheckedContinuation<Void, Never>? in
                guard state.waiting.isEmpty else { return state.waiting.removeFirst() }
                state.free += 1
                return nil
            }
            next?.resume()
        }
    }

    /// Lets other tasks run until a condition holds; gives up after a time that only a hang can take.
    static func until(_ condition: () async throws -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(55)
        while try await !condition() {
            guard ContinuousClock.now < end else { throw TookTooLong() }
            try await Task.sleep(for: .milliseconds(1))
        }
    }

    private init(_ way: FreshStore.Way) async throws {
        schema = try await PostgresServer.shared.freshSchema()
        let url =
            switch way {
            case .direct: schema.url
            case .pgBouncer: schema.url(by: try await PgBouncerServer.shared)
            }
        store = try await PostgresStore(
            PostgresConfiguration(url),
            options: .init(pool: Self.pool(), clock: clock, logger: statements.logger))
    }

    /// Nobody is to wait in vain on a machine that has much else to do.
    private static func pool() throws -> PostgresPool.Options {
        try PostgresPool.Options(size: 4, maxOverflow: 2, timeout: .seconds(300), echo: true)
    }

    /// Another store on the same schema, by the clock of the server.
    func storeByServerClock() async throws -> PostgresStore {
        try await PostgresStore(
            pool: PostgresPool(store.pool.configuration, options: Self.pool(), logger: statements.logger))
    }

    /// The adapters over the store, as the contract suites want them.
    var fixture: StoreFixture {
        StoreFixture(
            jobs: PostgresJobQueueRepository(store), processings: PostgresProcessingRepository(store),
            transcripts: PostgresTranscriptRepository(store), cache: PostgresCacheStore(store), clock: clock,
            statementCount: { [statements] in statements.all.count })
    }

    /// Runs SQL beside the store, with `{schema}` for its schema.
    ///
    /// - Returns: the rows, a line each, their columns separated by `|`.
    @discardableResult
    func psql(_ sql: String) async throws -> String {
        try await schema.server.psql(sql.replacing("{schema}", with: schema.name))
    }

    /// The statements that a pool with `echo` logs.
    final class Statements: Sendable {
        private let texts = Mutex<[String]>([])

        /// Those so far that read or write rows; those around a transaction are not among them.
        var all: [String] { texts.withLock { $0 } }

        var logger: Logger {
            var logger = Logger(label: "statements") { _ in Handler(statements: self) }
            logger.logLevel = .debug
            return logger
        }

        private struct Handler: LogHandler {
            let statements: Statements
            var metadata: Logger.Metadata = [:]
            var logLevel = Logger.Level.debug

            subscript(metadataKey key: String) -> Logger.Metadata.Value? {
                get { metadata[key] }
                set { metadata[key] = newValue }
            }

            func log(event: LogEvent) {
                guard let sql = event.metadata?["sql"].map({ "\($0)" }) else { return }
                let verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH", "COPY"]
                guard verbs.contains(where: { sql.hasPrefix($0) }) else { return }
                statements.texts.withLock { $0.append(sql) }
            }
        }
    }
}
