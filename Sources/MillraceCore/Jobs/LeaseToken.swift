/// The fence of a lease: grows by one at every claim, rescue, settlement and change by hand.
///
/// Who settles with an old token has lost the lease, and the settlement changes nothing.
public struct LeaseToken: Hashable, Comparable, Sendable, Codable {
    /// The number as stored in `lease_token`.
    public let value: Int64

    /// Wraps a stored number.
    public init(_ value: Int64) {
        self.value = value
    }

    /// The token of what was never claimed.
    public static let initial = LeaseToken(0)

    /// The token after the next claim, rescue or settlement.
    public var next: LeaseToken { LeaseToken(value + 1) }

    /// Orders by age, the older first.
    public static func < (left: LeaseToken, right: LeaseToken) -> Bool {
        left.value < right.value
    }
}
