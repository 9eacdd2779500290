/// What the operator of a Redis server should know. Work goes on, whatever it is.
public struct RedisWarning: Hashable, Sendable {
    /// What it comes to: one of few sentences, which never change.
    public let message: String
    /// What is amiss with which server, and what to do about it, in one line.
    public let reason: String

    private static let useless = "Going on without Redis until it can be used"
    private static let forgetful =
        "Redis may evict what marks a write in progress; others may see an old value for up to two seconds then"

    /// The server cannot be used.
    init(useless reason: String) {
        message = Self.useless
        self.reason = reason
    }

    /// The server may forget what it must not.
    init(forgetful reason: String) {
        message = Self.forgetful
        self.reason = reason
    }
}

extension RedisWarning: CustomStringConvertible {
    /// All of it in one line.
    public var description: String { "\(message): \(reason)" }
}

extension RedisClient {
    /// What is wrong with the server, for what Millrace needs; `nil` when nothing is. In one round trip.
    ///
    /// Throws `authentication` when the user or the password is refused; `cancelled` and `closed`.
    public func warning() async throws(RedisError) -> RedisWarning? {
        let replies = await send([RedisCommand("INFO", "memory"), Self.trial], repeatable: true)
        do throws(RedisError) {
            _ = try replies[1].get()
        } catch {
            switch error.code {
            case .authentication, .cancelled, .closed: throw error
            default: return RedisWarning(useless: reason(error))
            }
        }
        // Who may not ask is told nothing: all else works.
        guard let policy = try? Self.policy(replies[0].get()) else { return nil }
        return RedisWarning(
            forgetful: """
                \(configuration) has maxmemory-policy \(policy); set it to noeviction, or use a server of its own
                """)
    }

    /// Writes and announces something that is gone at once, by a script, as all that Millrace does.
    private static let trial = RedisCommand(
        "EVAL",
        """
        redis.call('SET', KEYS[1], '', 'PX', 1)
        return redis.call('PUBLISH', KEYS[1], '')
        """, 1, "{mr:}:trial")

    /// By what the server chooses what it evicts; `nil` when it evicts nothing.
    private static func policy(_ info: RESPValue) -> String? {
        let fields = Dictionary(
            (info.text ?? "").split(whereSeparator: \.isNewline).map { line in
                let parts = line.split(separator: ":", maxSplits: 1)
                return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
            }, uniquingKeysWith: { first, _ in first })
        guard let policy = fields["maxmemory_policy"], policy != "noeviction", fields["maxmemory"] != "0" else {
            return nil
        }
        return policy
    }

    private func reason(_ error: RedisError) -> String {
        guard case .server(let code) = error.code else {
            let isAway = error.code == .timedOut || RedisConnector.isOutOfReach(error.cause)
            guard isAway, !error.message.contains(";") else { return error.message }
            return "\(error.message); see that it runs there, and that the URL is right"
        }
        // What a script may not do is an error without a code of its own.
        let text = (error.cause as? RedisServerError)?.message ?? ""
        let isForbidden =
            code == .noPermission || text.hasPrefix("The user executing the script can't")
            || text.hasPrefix("ACL failure in script")
        return switch code {
        case .readOnly: "\(configuration) is a replica, which takes no writes; name its primary"
        case .outOfMemory: "\(configuration) is full; raise its maxmemory, or use a server of its own"
        case .misconfigured: "\(configuration) takes no writes, for it cannot save them; its log says why"
        case _ where isForbidden:
            "\(configuration) does not let its user do what is needed; give it +@all -@dangerous +info ~{mr:* &{mr:*"
        default: "\(configuration) takes no writes (\(code))"
        }
    }
}
