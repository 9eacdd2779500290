/// What is said to some channels, as long as the connection lasts.
///
/// The newest thousand wait for a slow reader; of older ones, some are lost. The sequence throws `connectionLost` when
/// the connection ends, and ends when its task is cancelled.
public struct PostgresNotifications: AsyncSequence, Sendable {
    let stream: NotificationHub.Stream

    /// Reads from where the sequence is; two readers share what comes.
    public func makeAsyncIterator() -> Iterator {
        Iterator(base: stream.makeAsyncIterator())
    }

    /// Reads one after the other.
    public struct Iterator: AsyncIteratorProtocol {
        var base: NotificationHub.Stream.Iterator

        /// The next one, `nil` when the task is cancelled; throws `connectionLost` when no more can come.
        public mutating func next(
            isolation actor: isolated (any Actor)? = #isolation
        ) async throws(PostgresError) -> PostgresNotification? {
            try await base.next(isolation: actor)?.get()
        }
    }
}

extension PostgresConnection {
    /// Listens to channels while `body` runs.
    ///
    /// What is said after this has begun is heard. The connection may be used for statements meanwhile, outside of a
    /// transaction. Throws `unsupported` behind a pooler, which gives each transaction another server.
    public func withNotifications<Value: Sendable>(
        on channels: Set<String>, _ body: @escaping @Sendable (PostgresNotifications) async throws -> Value
    ) async throws -> Value {
        guard depth == 0 else {
            throw PostgresError(.misuse, "listen on the connection itself, not in its transaction")
        }
        guard !isPooled, configuration.prepared == .automatic else {
            throw PostgresError(
                .unsupported, "LISTEN needs a direct connection: this one leads through a pooler, or has prepared=off")
        }
        let (stream, continuation) = NotificationHub.Stream.makeStream(bufferingPolicy: .bufferingNewest(1_000))
        let listener = session.listen(channels, continuation)
        do {
            try await run(script: channels.sorted().map { "LISTEN \(Self.quoted($0))" }.joined(separator: "; "))
            let value = try await listening(PostgresNotifications(stream: stream), body)
            await unlisten(listener)
            return value
        } catch {
            await unlisten(listener)
            throw error
        }
    }

    /// Runs `body` beside a question every few seconds: without it, nobody would notice that the network is gone.
    private func listening<Value: Sendable>(
        _ notifications: PostgresNotifications,
        _ body: @escaping @Sendable (PostgresNotifications) async throws -> Value
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body(notifications) }
            group.addTask {
                while !Task.isCancelled {
                    try await Task.sleep(for: .seconds(4))
                    try await self.execute("SELECT 1")
                }
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next().flatMap { $0 } ?? { throw PostgresError.cancelledTask }()
        }
    }

    private func unlisten(_ listener: UInt64) async {
        let silent = session.unlisten(listener)
        guard !silent.isEmpty, session.failure == nil else { return }
        let script = silent.sorted().map { "UNLISTEN \(Self.quoted($0))" }.joined(separator: "; ")
        do {
            try await gate.enter()
            defer { gate.leave() }
            _ = try await runner.run(script: script, shielded: true)
        } catch {
            // It listens on, and nobody hears; what was wrong with the connection shows itself at its next use.
        }
    }

    private static func quoted(_ channel: String) -> String {
        "\"" + channel.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
}
