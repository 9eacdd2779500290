internal import MillraceCaching
internal import MillraceCore
internal import Synchronization

/// Calls to Redis that nothing depends on: they are short, and while Redis is away there are none but a probe now and then.
final class HintLine: Sendable {
    let client: RedisClient
    private let breaker = Mutex(
        CircuitBreaker(.init(failures: 1, pause: .milliseconds(250), longestPause: .seconds(2))))
    private let epoch = ContinuousClock.now
    private let patience: Duration

    init(_ client: RedisClient, patience: Duration) {
        self.client = client
        self.patience = patience
    }

    /// What a script answers; `nil` when Redis is away, or the answer is an error.
    func run(_ script: RedisScript, keys: [RedisArgument], _ arguments: [RedisArgument]) async -> RESPValue? {
        await run(script, [(keys, arguments)]).flatMap { $0[0] }
    }

    /// What a script answers to several calls, sent together; `nil` when Redis is away.
    func run(
        _ script: RedisScript, _ calls: [(keys: [RedisArgument], arguments: [RedisArgument])]
    ) async -> [RESPValue?]? {
        await ask { client in await client.run(script, calls: calls, timeout: patience) }
    }

    /// What commands answer that are sent together; `nil` when Redis is away.
    func send(_ commands: [RedisCommand]) async -> [RESPValue?]? {
        await ask { client in await client.send(commands, timeout: patience) }
    }

    private func ask(
        _ question: (RedisClient) async -> [Result<RESPValue, RedisError>]
    ) async -> [RESPValue?]? {
        guard breaker.withLock({ $0.permission(at: now) }) == .ask else { return nil }
        let answers = await question(client)
        let result = Self.result(of: answers)
        breaker.withLock { $0.report(result, at: now) }
        guard result == .answered else { return nil }
        return answers.map { try? $0.get() }
    }

    private var now: Timestamp { Timestamp(microseconds: 0) + epoch.duration(to: .now) }

    /// A server that refuses what it is asked for is there.
    private static func result(of answers: [Result<RESPValue, RedisError>]) -> CircuitBreaker.Result {
        for answer in answers {
            guard case .failure(let error) = answer else { continue }
            switch error.code {
            case .cancelled: return .abandoned
            case .server: continue
            default: return .failed
            }
        }
        return .answered
    }
}
