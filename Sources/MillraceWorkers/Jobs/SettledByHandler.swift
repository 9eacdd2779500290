/// What a handler returns that has settled its job itself, in the transaction in which it did its work.
///
/// So the work and the end of the job happen both or not at all. Throw from the transaction when the settlement says
/// that the lease was lost: another may do the same work at that moment.
public struct SettledByHandler: Encodable, Sendable {
    /// Says that the job is settled.
    public init() {}
}
