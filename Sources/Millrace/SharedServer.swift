internal import Logging
internal import MillraceCore
internal import MillraceRedis

/// The Redis server beside a store: one client for the cache, the queues and whoever waits for a result.
struct SharedServer: Sendable {
    let client: RedisClient
    /// Whether it is closed with the factory that made it.
    private let isOwn: Bool

    /// Uses a client that is there already.
    init(_ client: RedisClient) {
        self.client = client
        isOwn = false
    }

    /// Makes a client, and sees whether the server takes it.
    ///
    /// A server that is not there, or of no use, is no reason to stop: it may be lost at any time. `onWarning` is told of
    /// that, and of one that is set up so that it may forget what it must not.
    ///
    /// - Throws: `invalid` when the server refuses the user or the password, or the configuration makes no sense.
    static func open(
        _ configuration: RedisConfiguration, logger: Logger?, onWarning: (@Sendable (RedisWarning) -> Void)?
    ) async throws(StoreError) -> SharedServer {
        let client: RedisClient
        do throws(RedisError) {
            client = try RedisClient(configuration, logger: logger)
        } catch {
            throw StoreError(.invalid, error.message, cause: error)
        }
        do throws(RedisError) {
            if let warning = try await client.warning() { onWarning?(warning) }
        } catch {
            client.close()
            throw StoreError(error.code == .cancelled ? .cancelled : .invalid, error.message, cause: error)
        }
        return SharedServer(client: client, isOwn: true)
    }

    private init(client: RedisClient, isOwn: Bool) {
        self.client = client
        self.isOwn = isOwn
    }

    /// Closes a client that was made here.
    func close() {
        if isOwn { client.close() }
    }
}
