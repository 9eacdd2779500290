/// A level of the cache.
public enum CacheTierName: String, Sendable, Codable, CaseIterable {
    /// Memory of the process.
    case l1 = "L1"
    /// Redis.
    case l2 = "L2"
    /// The SQL store, which is the authority.
    case l3 = "L3"
}
