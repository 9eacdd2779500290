/// What the pool asks of a connection.
protocol PooledConnection: Sendable {
    /// Whether it can be lent: open, in no transaction, doing nothing, as far as is known without looking.
    var isAtRest: Bool { get }

    /// The same, after a look at its socket; does not wait.
    var isUsable: Bool { get }

    /// Asks the server for an answer.
    func ping() async throws(PostgresError)

    /// Ends it at once, whatever it does.
    func close()
}
