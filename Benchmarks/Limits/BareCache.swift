public import Foundation
internal import Synchronization

/// A map behind locks and nothing else: no bound, no time, no order, no counting.
public final class BareCache: Sendable {
    private final class Shard: Sendable {
        let values = Mutex<[String: Data]>([:])
    }

    private let shards: [Shard]

    /// Makes an empty map.
    public init(shardCount: Int) {
        shards = (0..<max(1, shardCount)).map { _ in Shard() }
    }

    /// The value of a key.
    public subscript(key: String) -> Data? {
        get { shard(of: key).values.withLock { $0[key] } }
        set { shard(of: key).values.withLock { $0[key] = newValue } }
    }

    private func shard(of key: String) -> Shard {
        shards[Int(UInt(bitPattern: key.hashValue) % UInt(shards.count))]
    }
}
