/// Whether a claim may have leased items that nobody here knows of, because its answer was lost.
///
/// They would be held for as long as the worker lives. The claim may still be under way in the store when its answer is
/// given up, so the doubt lasts for a while.
struct ClaimDoubt {
    private static let patience = Duration.seconds(15)
    private static let interval = Duration.seconds(1)

    private var endsAt: Duration?
    private var nextLook = Duration.zero

    var exists: Bool { endsAt != nil }

    /// Notes that a claim failed.
    mutating func arise(at now: Duration) {
        if endsAt == nil { nextLook = now }
        endsAt = now + Self.patience
    }

    /// Whether the store is to be asked now what the worker holds; if so, the next look is a second away.
    mutating func isLookDue(at now: Duration) -> Bool {
        guard let endsAt, now >= nextLook else { return false }
        nextLook = now + Self.interval
        if now >= endsAt { self.endsAt = nil }
        return true
    }
}
