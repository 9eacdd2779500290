import MillraceCore

@testable import MillracePostgres

extension TemporaryPostgres {
    /// Another store on the same schema, by the clock of the server.
    func storeByServerClock() async throws -> PostgresStore {
        try await PostgresStore(
            pool: PostgresPool(
                store.pool.configuration,
                options: .init(size: 4, maxOverflow: 2, timeout: .seconds(300), echo: true),
                logger: statements.logger))
    }
}
