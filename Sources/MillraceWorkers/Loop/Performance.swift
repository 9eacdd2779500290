/// What came of running an item.
enum Performance<Settlement: Sendable>: Sendable {
    /// It ended, and this is to be stored.
    case ended(Settlement)
    /// It has stored its end itself.
    case settledItself
    /// It was told to end and did so; what becomes of it depends on why.
    case interrupted
}
