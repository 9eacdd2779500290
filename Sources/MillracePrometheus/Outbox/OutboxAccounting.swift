/// What became of all samples that were ever given to an outbox: `enqueued` is the sum of all others, at all times and
/// across the ends of processes.
public struct OutboxAccounting: Hashable, Sendable {
    /// How many were given to it.
    public internal(set) var enqueued = 0
    /// How many an endpoint has taken.
    public internal(set) var acknowledged = 0
    /// How many wait.
    public internal(set) var pending = 0
    /// How many will never be sent.
    public internal(set) var dropped: [OutboxDropReason: Int] = [:]

    /// Of nothing.
    public init() {}

    /// How many will never be sent, for whatever reason.
    public var droppedInAll: Int { dropped.values.reduce(0, +) }

    /// Whether the sum is right.
    public var isBalanced: Bool { enqueued == acknowledged + pending + droppedInAll }
}

/// Encoded as an object of numbers; what is dropped by the names of the reasons.
extension OutboxAccounting: Codable {
    private enum CodingKeys: String, CodingKey {
        case enqueued
        case acknowledged
        case pending
        case dropped
    }

    /// Reads the numbers; reasons that are not known are left out.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        enqueued = try container.decode(Int.self, forKey: .enqueued)
        acknowledged = try container.decode(Int.self, forKey: .acknowledged)
        pending = try container.decode(Int.self, forKey: .pending)
        for (reason, count) in try container.decode([String: Int].self, forKey: .dropped) {
            if let reason = OutboxDropReason(rawValue: reason) { dropped[reason] = count }
        }
    }

    /// Writes the numbers.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(enqueued, forKey: .enqueued)
        try container.encode(acknowledged, forKey: .acknowledged)
        try container.encode(pending, forKey: .pending)
        try container.encode(
            Dictionary(uniqueKeysWithValues: dropped.map { ($0.key.rawValue, $0.value) }), forKey: .dropped)
    }
}
