internal import DequeModule
internal import MillraceCore

/// Remembers by hash which keys a shard gave up lately, the oldest forgotten first.
///
/// Two keys of one hash are taken for one another; that costs a place in the wrong queue, never a wrong value.
struct GhostQueue {
    private var tickets: [Int: UInt64] = [:]
    private var order: Deque<(hash: Int, ticket: UInt64)> = []
    private var nextTicket: UInt64 = 0

    /// How many keys are remembered.
    var count: Int { tickets.count }

    /// The places in the order, those of forgotten keys included.
    var queueLength: Int { order.count }

    /// Remembers a key, as the youngest, and forgets the oldest beyond `limit`.
    mutating func insert(_ key: CacheKey, limit: Int) {
        tickets[key.fingerprint] = nextTicket
        order.append((key.fingerprint, nextTicket))
        nextTicket += 1
        while tickets.count > limit, let oldest = order.popFirst() {
            if tickets[oldest.hash] == oldest.ticket { tickets[oldest.hash] = nil }
        }
        // Keys that came back leave void places behind.
        if order.count > 2 * tickets.count + 16 {
            let tickets = tickets
            order.removeAll { tickets[$0.hash] != $0.ticket }
        }
    }

    /// Forgets a key.
    ///
    /// - Returns: whether it was remembered.
    mutating func remove(_ key: CacheKey) -> Bool {
        tickets.removeValue(forKey: key.fingerprint) != nil
    }

    /// Forgets all keys.
    mutating func removeAll() {
        tickets = [:]
        order = []
    }
}
