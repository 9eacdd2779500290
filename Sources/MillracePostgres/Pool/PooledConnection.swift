/// What the pool asks of a connection.
protocol PooledConnection: Sendable {
    /// Whether it can be lent: open as far as its socket shows, in no transaction, doing nothing. Does not wait.
    var isUsable: Bool { get }

    /// Asks the server for an answer.
    func ping() async throws(PostgresError)

    /// Ends it at once, whatever it does.
    func close()
}
