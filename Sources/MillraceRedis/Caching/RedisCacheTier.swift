internal import Foundation
public import MillraceCaching
internal import MillraceCore
internal import NIOCore
internal import Synchronization

/// The second tier of the cache, in Redis or Valkey from version 6.2 on.
///
/// Everything in there may be lost at any time, and come back older than it was; what a lookup finds counts only as far as
/// ``/MillraceCaching/TieredCache`` knows it to be in step with the store.
public final class RedisCacheTier: SharedCacheTier {
    let client: RedisClient
    let places: CachePlaces
    private let offset = Mutex(ClockOffset())
    private let origin = ContinuousClock.now

    /// Uses a client, which others may use too, for the cache of the store with an id.
    public init(_ client: RedisClient, storeID: String) {
        self.client = client
        places = CachePlaces(store: storeID)
    }

    /// See the port.
    public var connection: Int { client.generation }

    /// See the port; the client is its owner's.
    public func close() {}

    /// When a value that remains so long is gone by the server's clock, in milliseconds.
    func end(after remaining: Duration) -> RedisArgument {
        let now = offset.withLock { $0.time(at: steady()) } ?? SystemWallClock().now()
        return .integer((now + min(remaining, Self.longestStay)).microseconds / 1_000)
    }

    /// Asks the server for its time along with what is sent anyway, once a minute.
    func sendWithTime(_ command: RedisCommand) async throws(StoreError) -> RESPValue {
        let asked = steady()
        guard offset.withLock({ $0.isDue(at: asked) }) else { return try await send(command, repeatable: true) }
        let replies = await client.send([command, RedisCommand("TIME")], repeatable: true)
        if case .success(let time) = replies[1], let parts = time.elements, parts.count == 2,
            let seconds = parts[0].number, let microseconds = parts[1].number
        {
            let there = Timestamp(microseconds: seconds * 1_000_000 + microseconds)
            offset.withLock { [heard = steady()] in $0.add(asked: asked, heard: heard, there: there) }
        }
        return try value(replies[0])
    }

    private func steady() -> Timestamp {
        Timestamp(microseconds: origin.duration(to: .now).wholeMicroseconds)
    }
}

// MARK: - Sending

extension RedisCacheTier {
    static let hold = RedisArgument.integer(SharedSlot<SharedToken, Data>.hold.wholeMicroseconds / 1_000)

    func send(_ command: RedisCommand, repeatable: Bool = false) async throws(StoreError) -> RESPValue {
        do throws(RedisError) {
            return try await client.send(command, repeatable: repeatable)
        } catch {
            throw StoreError(error)
        }
    }

    func run(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument]
    ) async throws(StoreError) -> RESPValue {
        do throws(RedisError) {
            return try await client.run(script, keys: keys, arguments: arguments, repeatable: true)
        } catch {
            throw StoreError(error)
        }
    }

    func value(_ result: Result<RESPValue, RedisError>) throws(StoreError) -> RESPValue {
        do throws(RedisError) {
            return try result.get()
        } catch {
            throw StoreError(error)
        }
    }
}

extension StoreError {
    init(_ error: RedisError) {
        switch error.code {
        case .cancelled: self.init(.cancelled, error.message, cause: error)
        case .configuration, .authentication: self.init(.invalid, error.message, cause: error)
        default: self.init(.unavailable, error.message, cause: error)
        }
    }
}
