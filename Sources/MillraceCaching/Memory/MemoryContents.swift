internal import DequeModule
internal import MillraceCore

/// What a ``MemoryShard`` holds, within its bounds, by the rules of S3-FIFO (Yang and others, "FIFO Queues Are All You
/// Need for Cache Eviction", SOSP 2023).
///
/// A new value waits in a small queue, a tenth of the bounds. What is asked for twice while it waits there moves on to
/// the main queue; the rest is given up early, so that a scan of values used once cannot push out what is in use. A key
/// that comes back soon after it was given up goes to the main queue at once. In the main queue a value that was asked
/// for since it last came to the front gets another round. A lookup moves nothing: it adds one to a number.
struct MemoryContents {
    /// What the map and the queues take for an entry besides its key and value; a round figure, measured once.
    static let overheadBytes = 160

    private static let highestFrequency: UInt8 = 3

    private enum Place {
        case small, main
    }

    private struct Slot {
        var entry: CacheEntry
        var expiresAt: Timestamp
        var bytes: Int
        var place: Place
        /// Which place in the queue is this entry's; an older place of the same key is void.
        var ticket: UInt64
        /// Lookups since it was taken in or last came to the front, as far as they count.
        var frequency: UInt8
    }

    private typealias Queue = Deque<(key: CacheKey, ticket: UInt64)>

    private let maximumEntries: Int
    private let maximumBytes: Int
    private var slots: [CacheKey: Slot] = [:]
    private var small: Queue = []
    private var main: Queue = []
    private var ghosts = GhostQueue()
    private var smallEntries = 0
    private var smallBytes = 0
    private var nextTicket: UInt64 = 0

    /// The bytes of all entries.
    private(set) var bytes = 0
    /// Entries given up that had not expired.
    private(set) var evictions = 0

    init(maximumEntries: Int, maximumBytes: Int) {
        self.maximumEntries = maximumEntries
        self.maximumBytes = maximumBytes
    }

    /// How many entries there are, those that expired unnoticed included.
    var count: Int { slots.count }

    /// The places in all queues, void ones included.
    var queueLength: Int { small.count + main.count + ghosts.queueLength }

    /// Looks an entry up and counts that; one that has expired is dropped.
    mutating func entry(_ key: CacheKey, at now: Timestamp) -> CacheEntry? {
        guard let index = slots.index(forKey: key) else { return nil }
        guard slots.values[index].expiresAt > now else {
            drop(key)
            return nil
        }
        if slots.values[index].frequency < Self.highestFrequency { slots.values[index].frequency += 1 }
        return slots.values[index].entry
    }

    /// The version of the entry of a key, unless there is none or it has expired.
    func version(of key: CacheKey, at now: Timestamp) -> Int64? {
        guard let slot = slots[key], slot.expiresAt > now else { return nil }
        return slot.entry.version
    }

    /// Puts an entry in the place of the one with its key, if there is one, and gives up others until all fits.
    ///
    /// An entry that is larger than the bounds is not taken in; the one that it replaces is gone all the same.
    mutating func insert(_ entry: CacheEntry, until expiry: Timestamp, at now: Timestamp) {
        let bytes = Self.overheadBytes + entry.key.text.utf8.count + entry.value.bytes.count
        let replaced = drop(entry.key)
        guard maximumEntries > 0, bytes <= maximumBytes else { return }
        let returned = ghosts.remove(entry.key)
        makeRoom(for: bytes, at: now)
        var slot = Slot(
            entry: entry, expiresAt: expiry, bytes: bytes, place: returned ? .main : .small, ticket: 0, frequency: 0)
        if let replaced {
            slot.place = replaced.place
            slot.frequency = replaced.frequency
        }
        append(&slot)
        slots[entry.key] = slot
        self.bytes += bytes
        compact()
    }

    /// Takes an entry out.
    ///
    /// - Returns: whether there was one that had not expired.
    mutating func remove(_ key: CacheKey, at now: Timestamp) -> Bool {
        guard let slot = drop(key) else { return false }
        return slot.expiresAt > now
    }

    /// Takes out all entries whose key is wanted gone.
    ///
    /// - Returns: how many of them had not expired.
    mutating func removeAll(at now: Timestamp, where isUnwanted: (CacheKey) -> Bool) -> Int {
        let keys = slots.keys.filter(isUnwanted)
        let removed = keys.count { remove($0, at: now) }
        compact()
        return removed
    }

    /// Takes everything out and forgets what was given up.
    mutating func removeAll() {
        slots = [:]
        small = []
        main = []
        ghosts.removeAll()
        smallEntries = 0
        smallBytes = 0
        bytes = 0
    }

    private mutating func append(_ slot: inout Slot) {
        slot.ticket = nextTicket
        nextTicket += 1
        switch slot.place {
        case .small:
            small.append((slot.entry.key, slot.ticket))
            smallEntries += 1
            smallBytes += slot.bytes
        case .main:
            main.append((slot.entry.key, slot.ticket))
        }
    }

    @discardableResult
    private mutating func drop(_ key: CacheKey) -> Slot? {
        guard let slot = slots.removeValue(forKey: key) else { return nil }
        bytes -= slot.bytes
        leaveQueue(slot)
        return slot
    }

    private mutating func leaveQueue(_ slot: Slot) {
        guard slot.place == .small else { return }
        smallEntries -= 1
        smallBytes -= slot.bytes
    }

    private mutating func makeRoom(for newBytes: Int, at now: Timestamp) {
        while !slots.isEmpty, slots.count >= maximumEntries || bytes + newBytes > maximumBytes {
            let isSmallFull = smallEntries >= max(1, maximumEntries / 10) || smallBytes >= maximumBytes / 10
            if isSmallFull || smallEntries == slots.count { giveUpFromSmall(at: now) } else { giveUpFromMain(at: now) }
        }
    }

    /// Takes the front of the small queue: on to the main queue or out.
    private mutating func giveUpFromSmall(at now: Timestamp) {
        guard let front = popFront(of: &small), var slot = slots[front] else { return }
        guard slot.expiresAt > now, slot.frequency > 1 else {
            if slot.expiresAt > now {
                evictions += 1
                ghosts.insert(front, limit: max(1, slots.count * 9 / 10))
            }
            drop(front)
            return
        }
        leaveQueue(slot)
        slot.place = .main
        slot.frequency = 0
        append(&slot)
        slots[front] = slot
    }

    /// Takes the front of the main queue: to its end or out.
    private mutating func giveUpFromMain(at now: Timestamp) {
        guard let front = popFront(of: &main), var slot = slots[front] else { return }
        guard slot.expiresAt > now, slot.frequency > 0 else {
            if slot.expiresAt > now { evictions += 1 }
            drop(front)
            return
        }
        slot.frequency -= 1
        append(&slot)
        slots[front] = slot
    }

    /// The first key of a queue whose place is not void.
    private func popFront(of queue: inout Queue) -> CacheKey? {
        while let front = queue.popFirst() {
            if slots[front.key]?.ticket == front.ticket { return front.key }
        }
        return nil
    }

    /// Removes void places: replaced and removed entries leave them, and rewriting one key would grow the queues.
    private mutating func compact() {
        guard small.count + main.count > 2 * slots.count + 16 else { return }
        let slots = slots
        small.removeAll { slots[$0.key]?.ticket != $0.ticket }
        main.removeAll { slots[$0.key]?.ticket != $0.ticket }
    }
}
