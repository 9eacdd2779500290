/// What a handler returns when nobody waits for a result.
public struct NoResult: Encodable, Sendable {
    /// Makes no result.
    public init() {}
}
