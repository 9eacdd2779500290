import Foundation
import Logging
import Millrace
import MillracePostgres
import Synchronization

/// The texts of the statements that a store sends, as its echo tells them.
///
/// So pgbench runs what the store runs, whatever becomes of the store.
final class SentStatements: Sendable {
    private let texts = Mutex<[String]>([])

    /// Opens a store whose statements are noted.
    func store(_ server: BenchServer, schema: String) async throws -> PostgresStore {
        var options = PostgresStore.Options()
        options.pool = try PostgresPool.Options(size: 1, echo: true)
        options.logger = Logger(label: "bench") { [self] _ in
            Handler { text in self.texts.withLock { $0.append(text) } }
        }
        return try await server.store(schema, options: options)
    }

    /// What is sent while `body` runs: the one statement that names a table.
    func statement(naming table: String, _ body: () async throws -> Void) async throws -> String {
        texts.withLock { $0 = [] }
        try await body()
        let found = texts.withLock { $0.filter { $0.contains(table) } }
        guard found.count == 1 else { throw BenchmarkFailure("\(found.count) statements name \(table), not one") }
        return found[0]
    }

    private struct Handler: LogHandler {
        let note: @Sendable (String) -> Void
        var logLevel = Logger.Level.debug
        var metadata: Logger.Metadata = [:]

        init(note: @escaping @Sendable (String) -> Void) {
            self.note = note
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            if let text = event.metadata?["sql"] { note("\(text)") }
        }
    }
}
