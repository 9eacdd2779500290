/// How often what may go wrong.
struct Faults: Hashable {
    /// Somebody ends between two steps.
    var crashes: UInt8 = 0
    /// Redis gives up the slot to make room, or the value's time is over.
    var slotEvictions: UInt8 = 0
    /// Redis gives up the cursor to make room, and the rules with it.
    var journalEvictions: UInt8 = 0
    /// A mark or a lease expires while its holder is under way.
    var earlyExpiries: UInt8 = 0
    /// Somebody empties Redis.
    var flushes: UInt8 = 0
    /// Redis comes back as it was some time before.
    var comebacks: UInt8 = 0
    /// A command does not reach Redis, or does after its deadline, or its reply does not come back.
    var outages: UInt8 = 0
    /// A message of the bus is lost.
    var lostMessages: UInt8 = 0
    /// Memory gives up its value to make room, or because its time is over.
    var memoryEvictions: UInt8 = 0
    /// The authority does not tell how a write went.
    var unknownWrites: UInt8 = 0

    /// The log forgets what was written.
    var trims: UInt8 = 0

    /// Whether all who are under way are served as they should be, so that nobody needs to wait for a follow.
    var areHarmless: Bool {
        crashes + journalEvictions + flushes + comebacks + outages + lostMessages + unknownWrites + trims == 0
    }
}
