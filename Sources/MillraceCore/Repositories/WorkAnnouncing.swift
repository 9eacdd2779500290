/// A store that says when there is new work, so that nobody has to ask all the time.
///
/// Nothing depends on it: an announcement may be lost, and whoever waits for work asks now and then all the same.
public protocol WorkAnnouncing: Sendable {
    /// Tells a listener of new work until the task is cancelled or the store cannot be heard any more.
    ///
    /// The listener is told ``WorkAnnouncement/listening`` as soon as nothing more is missed; what came before that is
    /// found by asking.
    ///
    /// - Throws: `invalid` when this store cannot be listened to, now and later; `unavailable` when it cannot be now.
    func announceWork(to listener: @escaping @Sendable (WorkAnnouncement) -> Void) async throws(StoreError)
}

/// What a store says of new work.
public enum WorkAnnouncement: Sendable, Hashable {
    /// From now on everything is announced.
    case listening
    /// There may be jobs to claim.
    case jobs
    /// There may be chunks to claim.
    case chunks
}
