/// What came of running an item.
enum Performance<Settlement: Sendable>: Sendable {
    /// It ended, and this is to be stored.
    case ended(Settlement)
    /// It has stored its end itself.
    case settledItself
    /// It was told to end and did so; what becomes of it depends on why.
    case interrupted
}

extension Performance {
    /// The same, with another settlement.
    func map<Other>(_ transform: (Settlement) -> Other) -> Performance<Other> {
        switch self {
        case .ended(let settlement): .ended(transform(settlement))
        case .settledItself: .settledItself
        case .interrupted: .interrupted
        }
    }
}
