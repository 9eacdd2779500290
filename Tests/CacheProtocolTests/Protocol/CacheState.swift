/// All there is to know of one key between two steps: the authority, Redis, two nodes, and who is under way on them.
///
/// Bytes only, so that a state has no gaps and is hashed as memory. A version of 0 is none.
struct CacheState: Hashable, Sendable {
    /// The authority. Every write takes the next version, so its log of changes is the row of all versions so far.
    struct Store: Hashable {
        var version: UInt8 = 1
        /// Whether the newest write left a value.
        var hasValue = true
        /// The version at which a pattern that means the key was invalidated.
        var rule: UInt8 = 0
        /// The log has what was written after this version.
        var trimmed: UInt8 = 0
    }

    /// Up to which write the slots of an epoch were told.
    struct Cursor: Hashable {
        static let missing = Cursor(epoch: .max, version: 0)
        var epoch: UInt8
        var version: UInt8
    }

    /// What Redis keeps.
    struct Redis: Hashable {
        /// The slot of each epoch.
        var slots = Pair(SlotCode.absent, SlotCode.absent)
        var cursor = Cursor(epoch: 0, version: 1)
        /// The rule in force in the epoch of the cursor: values there that are older do not count.
        var rule: UInt8 = 0
    }

    /// A process with a memory of its own.
    struct Node: Hashable {
        /// The version of the value that memory has.
        var memory: UInt8 = 0
        /// Up to which write memory has followed.
        var seen: UInt8 = 1
        /// Where it reads and writes Redis.
        var epoch: UInt8 = 0
        /// The rule that it knows of.
        var rule: UInt8 = 0
        /// Whether the answers of Redis count.
        var isOpen = true
        /// Which life of Redis it was when they were last found to count.
        var life: UInt8 = 0
        var follow = Follow()
        var bus = Bus()
    }

    /// The step by which a node stays in step, and how often it will still be taken.
    struct Follow: Hashable {
        enum Phase: UInt8 { case journal, ask, begin, tell, advance, finish }
        var phase = Phase.journal
        var left: UInt8 = 0
        var cursor = Cursor.missing
        var rule: UInt8 = 0
        var newest: UInt8 = 0
        /// Whether Redis could not be asked.
        var hasFailed = false
        /// In which life of Redis the cursor was read, and the slots were told.
        var life: UInt8 = 0
        var told: UInt8 = 0
        var isDrained = false
        /// Whether the log did not have all that memory is to forget.
        var forgetsAll = false
    }

    /// Somebody who puts or deletes.
    struct Writer: Hashable {
        enum Phase: UInt8 { case mark, commit, finish, keep, abort, lateCommit, ended }
        var phase = Phase.mark
        var isDelete = false
        var isPoisoned = false
        /// Whether it has heard that its mark was made.
        var isMarked = false
        var epoch: UInt8 = 0
        var version: UInt8 = 0
    }

    /// Somebody who looks up, or makes what is not there.
    struct Reader: Hashable {
        enum Phase: UInt8 { case lease, read, load, settle, keep, ended }
        var phase = Phase.lease
        var isPoisoned = false
        var hasLease = false
        var epoch: UInt8 = 0
        /// Up to which write its node had followed when it began.
        var floor: UInt8 = 0
        /// What the authority had written last when it found nothing there.
        var since: UInt8 = 0
        /// What it found.
        var version: UInt8 = 0
    }

    /// Somebody who invalidates a pattern that means the key.
    struct Invalidator: Hashable {
        enum Phase: UInt8 { case commit, announce, forget, purge, retire, ended }
        var phase = Phase.commit
        var epoch: UInt8 = 0
        /// In which life of Redis the slots were purged.
        var life: UInt8 = 0
    }

    /// A command to Redis that nobody waits for any more, and that is yet to be done.
    struct LateCommand: Hashable {
        static let none = LateCommand(index: .max, epoch: .max)
        /// By its index in the ``SlotTable``.
        var index: UInt8
        var epoch: UInt8
    }

    var store = Store()
    var late = LateCommand.none
    var redis = Redis()
    /// How often Redis came back as it had been some time before, and as what it would.
    var life: UInt8 = 0
    var hasCopy = false
    var copy = Redis()
    var nodes = Pair(Node(), Node())
    var writers = Pair(Writer(), Writer())
    var readers = Pair(Reader(), Reader())
    var invalidator = Invalidator()
    /// What may still go wrong.
    var faults = Faults()
    /// Whether a lookup was answered with less than its node had followed before it began.
    var hasAnsweredStale = false

    func hash(into hasher: inout Hasher) {
        withUnsafeBytes(of: self) { hasher.combine(bytes: $0) }
    }
}
