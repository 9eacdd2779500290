/// A limit that could not be measured.
public struct LimitFailure: Error, CustomStringConvertible {
    /// What the matter was.
    public let description: String

    init(_ description: String) {
        self.description = description
    }
}
