/// How much a transaction sees of others.
public enum PostgresIsolation: String, Hashable, Sendable {
    /// Each statement sees what was committed before it.
    case readCommitted = "READ COMMITTED"
    /// All statements see what was committed before the first.
    case repeatableRead = "REPEATABLE READ"
    /// As if transactions ran one after the other; those that cannot are run again.
    case serializable = "SERIALIZABLE"
}
