/// Which processings a reader wants to see.
public struct ProcessingFilter: Sendable, Hashable {
    /// Only processings in these statuses; `nil` for all.
    public var statuses: [ProcessingStatus]?

    /// Describes the wanted processings; the default is all.
    public init(statuses: [ProcessingStatus]? = nil) {
        self.statuses = statuses
    }

    /// Whether a processing is wanted.
    public func matches(_ row: ParallelProcessor.Row) -> Bool {
        statuses?.contains(row.status) ?? true
    }
}
