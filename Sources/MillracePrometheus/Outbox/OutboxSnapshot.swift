internal import MillraceCore

/// What is known of an outbox when a file of its log is begun; it stands at the beginning twice, so that no single damage
/// takes it away.
struct OutboxSnapshot: Codable {
    struct Shard: Codable {
        /// The sequence of the next block.
        var next: UInt64 = 1
        /// The time of the newest sample that was ever enqueued.
        var newest: Timestamp?
    }

    /// The version of the log that writes this; what is newer is not touched.
    static let version = 1

    var version = Self.version
    var shards: [Shard]
    var accounting = OutboxAccounting()
}
