internal import MillraceCore

/// What must be done for the shared tier to have heard of everything that the authority knows. Pure.
enum DrainPlan: Hashable, Sendable {
    /// Nothing.
    case none(SharedCursor)
    /// Tell it of these writes, then move its cursor there.
    case tell(kills: [CacheKey: Int64], rules: [CachePattern: Int64], to: SharedCursor)
    /// Begin a new epoch: nobody can tell what it has missed.
    case begin(SharedCursor)

    /// Compares the tier's cursor, which was read first, with what the authority then said of the time since.
    init(_ cursor: SharedCursor?, _ changes: CacheChanges) {
        guard let cursor else {
            self = .begin(SharedCursor(epoch: .random(), version: changes.newest))
            return
        }
        if cursor.version == changes.newest {
            self = .none(cursor)
            return
        }
        // The cursor was read first: if it is ahead, the authority has gone back, out of a backup, and gives its versions
        // a second time.
        guard cursor.version < changes.newest, let writes = changes.writes else {
            self = .begin(SharedCursor(epoch: .random(), version: changes.newest))
            return
        }
        var kills: [CacheKey: Int64] = [:]
        var rules: [CachePattern: Int64] = [:]
        for write in writes where write.version > cursor.version {
            switch write.scope {
            case .key(let key): kills[key] = max(kills[key] ?? 0, write.version)
            case .pattern(let pattern): rules[pattern] = max(rules[pattern] ?? 0, write.version)
            }
        }
        self = .tell(
            kills: kills, rules: rules, to: SharedCursor(epoch: cursor.epoch, version: changes.newest))
    }
}
