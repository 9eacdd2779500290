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
        var payload: MemoryPayload
        /// From when it is not kept any more.
        var expiresAt: Timestamp
        var place: Place
        /// Lookups since it was taken in or last came to the front, as far as they count.
        var frequency: UInt8
        /// Lookups that were not reported yet, and the last of them.
        var accesses: Int32 = 0
        var accessedAt = Timestamp(microseconds: 0)
        /// Which place in the queue is this entry's; an older place of the same key is void.
        var ticket: UInt64

        var entry: CacheEntry { payload.entry }
        var bytes: Int { payload.bytes }

        mutating func note(at now: Timestamp) {
            accesses &+= 1
            accessedAt = now
        }
    }

    private typealias Queue = Deque<(hash: Int, ticket: UInt64)>

    private let maximumEntries: Int
    private let maximumBytes: Int
    /// By the keys' hashes. Of two keys that share one, memory keeps the later; a lookup compares the key itself.
    private var slots: [Int: Slot] = [:]
    private var small: Queue = []
    private var main: Queue = []
    private var ghosts = GhostQueue()
    private var smallEntries = 0
    private var smallBytes = 0
    private var nextTicket: UInt64 = 0
    /// Unreported lookups of entries that are not here.
    private var absent: [CacheKey: CacheAccess] = [:]

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
    mutating func hit(_ key: CacheKey, at now: Timestamp) -> MemoryPayload? {
        guard let index = index(of: key) else { return nil }
        guard let payload = Self.hit(&slots.values[index], at: now) else {
            drop(key.fingerprint)
            return nil
        }
        return payload
    }

    private func index(of key: CacheKey) -> Dictionary<Int, Slot>.Index? {
        guard let index = slots.index(forKey: key.fingerprint), slots.values[index].payload.entry.key == key else {
            return nil
        }
        return index
    }

    private static func hit(_ slot: inout Slot, at now: Timestamp) -> MemoryPayload? {
        guard slot.expiresAt > now else { return nil }
        if slot.frequency < highestFrequency { slot.frequency += 1 }
        slot.note(at: now)
        return slot.payload
    }

    /// Counts a lookup that was answered elsewhere.
    mutating func note(_ key: CacheKey, at now: Timestamp) {
        if let index = index(of: key) {
            slots.values[index].note(at: now)
        } else {
            keep(CacheAccess(key: key, count: 1, lastAt: now))
        }
    }

    /// The lookups that were counted since this was last asked.
    mutating func takeAccesses() -> [CacheAccess] {
        var taken = Array(absent.values)
        absent = [:]
        for index in slots.indices where slots.values[index].accesses > 0 {
            let slot = slots.values[index]
            taken.append(CacheAccess(key: slot.entry.key, count: Int(slot.accesses), lastAt: slot.accessedAt))
            slots.values[index].accesses = 0
        }
        return taken
    }

    /// Keeps lookups of an entry that is not here, or of which the report failed, unless there are too many of them.
    mutating func keep(_ access: CacheAccess) {
        guard absent[access.key] != nil || absent.count < max(maximumEntries, 100) else { return }
        absent[access.key, default: CacheAccess(key: access.key, count: 0, lastAt: access.lastAt)].count += access.count
        absent[access.key]?.lastAt = access.lastAt
    }

    /// The version of the entry of a key, one that has expired unnoticed included: an older one is older all the same.
    func version(of key: CacheKey) -> Int64? {
        guard let index = index(of: key) else { return nil }
        return slots.values[index].payload.entry.version
    }

    /// Puts an entry in the place of the one with its key, if there is one, and gives up others until all fits.
    ///
    /// An entry that is larger than the bounds is not taken in; the one that it replaces is gone all the same.
    ///
    /// `gone` is when it is gone everywhere; `nil` means then when it is no longer kept here.
    ///
    /// - Returns: whether it was taken in.
    @discardableResult
    mutating func insert(
        _ entry: CacheEntry, until expiry: Timestamp, goneAt gone: Timestamp? = nil, at now: Timestamp
    ) -> Bool {
        let bytes = Self.overheadBytes + entry.key.text.utf8.count + entry.value.bytes.count
        let hash = entry.key.fingerprint
        let replaced = drop(hash).flatMap { $0.entry.key == entry.key ? $0 : nil }
        guard maximumEntries > 0, bytes <= maximumBytes else { return false }
        let returned = ghosts.remove(entry.key)
        makeRoom(for: bytes, at: now)
        var slot = Slot(
            payload: MemoryPayload(entry, goneAt: gone ?? expiry, bytes: bytes), expiresAt: expiry,
            place: returned ? .main : .small, frequency: 0, ticket: 0)
        if let replaced {
            slot.place = replaced.place
            slot.frequency = replaced.frequency
            // A value that was written anew has not been looked up.
            if replaced.entry.version == entry.version {
                slot.accesses = replaced.accesses
                slot.accessedAt = replaced.accessedAt
            }
        }
        append(&slot)
        slots[hash] = slot
        self.bytes += bytes
        compact()
        return true
    }

    /// Takes an entry out.
    ///
    /// - Returns: whether there was one that had not expired.
    mutating func remove(_ key: CacheKey, at now: Timestamp) -> Bool {
        guard index(of: key) != nil, let slot = drop(key.fingerprint) else { return false }
        return slot.expiresAt > now
    }

    /// Takes out all entries that are wanted gone.
    ///
    /// - Returns: how many of them had not expired.
    mutating func removeAll(at now: Timestamp, where isUnwanted: (CacheEntry) -> Bool) -> Int {
        let keys = slots.values.map(\.entry).filter(isUnwanted).map(\.key)
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
        absent = [:]
        smallEntries = 0
        smallBytes = 0
        bytes = 0
    }

    private mutating func append(_ slot: inout Slot) {
        slot.ticket = nextTicket
        nextTicket += 1
        switch slot.place {
        case .small:
            small.append((slot.payload.entry.key.fingerprint, slot.ticket))
            smallEntries += 1
            smallBytes += slot.bytes
        case .main:
            main.append((slot.payload.entry.key.fingerprint, slot.ticket))
        }
    }

    @discardableResult
    private mutating func drop(_ hash: Int) -> Slot? {
        guard let slot = slots.removeValue(forKey: hash) else { return nil }
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
        guard let front = Self.popFront(of: &small, slots), var slot = slots[front] else { return }
        guard slot.expiresAt > now, slot.frequency > 1 else {
            if slot.expiresAt > now {
                evictions += 1
                ghosts.insert(slot.entry.key, limit: max(1, slots.count * 9 / 10))
            }
            giveUp(slot)
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
        guard let front = Self.popFront(of: &main, slots), var slot = slots[front] else { return }
        guard slot.expiresAt > now, slot.frequency > 0 else {
            if slot.expiresAt > now { evictions += 1 }
            giveUp(slot)
            return
        }
        slot.frequency -= 1
        append(&slot)
        slots[front] = slot
    }

    /// Drops an entry, and keeps what is to be reported of it.
    private mutating func giveUp(_ slot: Slot) {
        drop(slot.entry.key.fingerprint)
        guard slot.accesses > 0 else { return }
        keep(CacheAccess(key: slot.entry.key, count: Int(slot.accesses), lastAt: slot.accessedAt))
    }

    /// The first key of a queue whose place is not void.
    ///
    /// Of the type, not of the value: while the value is looked at, its queue can only be changed by copying it.
    private static func popFront(of queue: inout Queue, _ slots: [Int: Slot]) -> Int? {
        while let front = queue.popFirst() {
            if slots[front.hash]?.ticket == front.ticket { return front.hash }
        }
        return nil
    }

    /// Removes void places: replaced and removed entries leave them, and rewriting one key would grow the queues.
    private mutating func compact() {
        guard small.count + main.count > 2 * slots.count + 16 else { return }
        let slots = slots
        small.removeAll { slots[$0.hash]?.ticket != $0.ticket }
        main.removeAll { slots[$0.hash]?.ticket != $0.ticket }
    }
}
