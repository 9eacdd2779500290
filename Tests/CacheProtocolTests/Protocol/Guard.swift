/// What keeps stale values out. Each is taken out in turn, to see that the check would notice.
enum Guard: UInt8, CaseIterable {
    /// What was being fetched when its key was written is not kept in memory.
    case poison
    /// So it is too when the writer is of the same node, or memory has the write already.
    case ownPoison
    /// Only the holder of its lease fills a slot; without it, whoever found it empty does, if it still is.
    case lease
    /// A slot is filled on conditions; without it, whatever is there.
    case conditionalFill
    /// A mark keeps the highest version that was finished under it.
    case floor
    /// A mark has the tokens of all who are writing; without it, that of the last.
    case tokens
    /// Writes are published.
    case publish
    /// Redis is told what was written; without it, only its cursor moves.
    case drain
    /// It is told before memory forgets.
    case drainFirst
    /// A lost cursor begins an epoch, whose slots are others.
    case epoch
    /// Redis does not count after it was connected anew, until it was told.
    case reconnect
    /// The cursor moves only from where it was read, and in the same life of Redis in which the slots were told.
    case flight
    /// Rules belong to an epoch, as the slots do.
    case ruleEpoch
    /// The cursor and the rules are one thing to Redis, which it gives up or keeps.
    case journal
    /// A rule that is heard of while its node follows is not dropped when that is done.
    case heardRule
}

/// Those that are in force.
struct Guards: Hashable {
    private var bits = UInt32.max

    static let all = Guards()

    static func all(but missing: Guard) -> Guards {
        var guards = Guards()
        guards.bits &= ~(1 << missing.rawValue)
        return guards
    }

    func has(_ name: Guard) -> Bool { bits & (1 << name.rawValue) != 0 }
}
