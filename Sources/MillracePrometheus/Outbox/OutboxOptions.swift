public import MillraceCore

/// How an outbox keeps what it is given.
public struct OutboxOptions: Sendable {
    /// How many shards there are: so many requests are under way at once at most. What is left from before by a process with
    /// another number keeps that number until it is sent.
    public var shardCount: Int
    /// The most that lies on the disk, in bytes; beyond it the oldest is dropped.
    public var maximumBytes: Int
    /// How long samples may be written but not synced to the disk, so that a power cut loses them; the end of the process
    /// alone never does. `.zero` syncs before ``Outbox/append(_:)`` returns.
    public var syncWindow: Duration
    /// How many of the batches that were refused are kept to be looked at; beyond it the oldest is deleted.
    public var maximumQuarantined: Int
    /// Tells when a batch was refused.
    public var clock: any WallClock
    /// How much of what waits is kept in memory too, in bytes, so that it need not be read from the disk again.
    var memoryBytes = 8 << 20

    /// Makes options: 4 shards, 512 MiB, a window of a second, 100 batches.
    public init(
        shardCount: Int = 4, maximumBytes: Int = 512 << 20, syncWindow: Duration = .seconds(1),
        maximumQuarantined: Int = 100, clock: any WallClock = SystemWallClock()
    ) {
        self.shardCount = shardCount
        self.maximumBytes = maximumBytes
        self.syncWindow = syncWindow
        self.maximumQuarantined = maximumQuarantined
        self.clock = clock
    }

    /// The most shards.
    public static let maximumShards = 256
    /// The smallest limit of the disk, in bytes.
    public static let minimumBytes = 64 << 10

    /// What one file of the log holds, about, in bytes: small enough that dropping the oldest drops little.
    var segmentBytes: Int { max(Self.minimumBytes / 8, min(8 << 20, maximumBytes / 16)) }

    func validate() throws(StoreError) {
        guard (1...Self.maximumShards).contains(shardCount) else {
            throw StoreError(
                .invalid, "an outbox has 1 to \(Self.maximumShards) shards, not \(shardCount); choose another number")
        }
        guard maximumBytes >= Self.minimumBytes else {
            throw StoreError(
                .invalid,
                "an outbox needs at least \(Self.minimumBytes) bytes on the disk, not \(maximumBytes); allow it more")
        }
        guard syncWindow >= .zero, maximumQuarantined >= 0 else {
            throw StoreError(.invalid, "the window and the number of quarantined batches of an outbox are not negative")
        }
    }
}
