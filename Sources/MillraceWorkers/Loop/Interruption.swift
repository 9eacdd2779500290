/// Why a running item was told to end before it was done.
enum Interruption: Sendable, Hashable {
    /// The worker stops.
    case stopped
    /// Its lease is gone: it was called off, or another holds it.
    case revoked
    /// It took longer than it may.
    case timedOut(after: Duration)
}
