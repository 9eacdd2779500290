/// What was written to the authority of a cache after a version.
public struct CacheChanges: Hashable, Sendable {
    /// One write: a put, a deletion, or the invalidation of a pattern.
    public struct Change: Hashable, Sendable {
        /// What a write concerns.
        public enum Scope: Hashable, Sendable {
            /// One key.
            case key(CacheKey)
            /// All keys that a pattern means.
            case pattern(CachePattern)
        }

        /// The version of the write: what has a smaller one is older than it.
        public let version: Int64
        /// What was written.
        public let scope: Scope

        /// Describes a write.
        public init(version: Int64, scope: Scope) {
            self.version = version
            self.scope = scope
        }
    }

    /// The version of the newest write.
    public let newest: Int64
    /// The writes in order; `nil` when the authority no longer knows all of them, so that anything may have changed.
    public let writes: [Change]?
    /// The invalidations that what is kept elsewhere has to be judged by, whenever they were made; in order.
    public let rules: [CacheRule]
    /// What time it was at the authority; `nil` for one that goes by the clock of whoever asks.
    public let time: Timestamp?

    /// Describes what was written.
    public init(newest: Int64, writes: [Change]?, rules: [CacheRule] = [], time: Timestamp? = nil) {
        self.newest = newest
        self.writes = writes
        self.rules = rules
        self.time = time
    }
}
