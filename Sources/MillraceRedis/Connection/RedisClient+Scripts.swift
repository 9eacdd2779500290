internal import NIOCore

extension RedisClient {
    /// The keys and arguments of a call of a script.
    public typealias ScriptCall = (keys: [RedisArgument], arguments: [RedisArgument])

    /// Runs a script and waits for what it returns.
    ///
    /// It is sent as its hash; a server that does not know it, because it was started anew or has forgotten its scripts,
    /// is sent the source, in the same time. Throws as ``send(_:timeout:repeatable:)-(RedisCommand,_,_)`` does. A script
    /// is `repeatable` when running it twice with the same arguments does the same.
    public func run(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument] = [], timeout: Duration? = nil,
        repeatable: Bool = false
    ) async throws(RedisError) -> RESPValue {
        let deadline = deadline(timeout)
        do {
            return try await send(
                script.command(bringsSource: false, keys, arguments), until: deadline, repeatable: repeatable)
        } catch  where error.code == .server(.noScript) {
            return try await send(
                script.command(bringsSource: true, keys, arguments), until: deadline, repeatable: repeatable)
        }
    }

    /// Runs a script several times, in one flight, and waits for all that it returns, in the order of the calls.
    ///
    /// One that fails does not keep the others from being run. They are run in order; only when the server forgets the
    /// script in their midst do the rest of them come after what was sent meanwhile.
    public func run(
        _ script: RedisScript, calls: [ScriptCall], timeout: Duration? = nil, repeatable: Bool = false
    ) async -> [Result<RESPValue, RedisError>] {
        let deadline = deadline(timeout)
        var outcomes = await send(
            calls.map { script.command(bringsSource: false, $0.keys, $0.arguments) }, until: deadline,
            repeatable: repeatable)
        let unknown = outcomes.indices.filter { index in
            if case .failure(let error) = outcomes[index] { error.code == .server(.noScript) } else { false }
        }
        guard !unknown.isEmpty else { return outcomes }
        // The source comes with each of them: the server may forget it again at any time.
        let again = await send(
            unknown.map { script.command(bringsSource: true, calls[$0].keys, calls[$0].arguments) }, until: deadline,
            repeatable: repeatable)
        for (index, outcome) in zip(unknown, again) { outcomes[index] = outcome }
        return outcomes
    }
}
