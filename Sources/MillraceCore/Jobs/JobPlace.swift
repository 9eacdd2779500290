/// Where a job stands in the order of claims: the most urgent first, the oldest first among equals.
public struct JobPlace: Sendable, Hashable, Comparable {
    /// How urgent the job is.
    public let priority: JobPriority
    /// When it was made.
    public let createdAt: Timestamp
    /// The job.
    public let id: JobID

    /// Names a place.
    public init(priority: JobPriority, createdAt: Timestamp, id: JobID) {
        self.priority = priority
        self.createdAt = createdAt
        self.id = id
    }

    /// The place of a job.
    public init(_ job: Job) {
        self.init(priority: job.priority, createdAt: job.createdAt, id: job.id)
    }

    /// Whether the left one is claimed first.
    public static func < (left: JobPlace, right: JobPlace) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        return (left.createdAt, left.id) < (right.createdAt, right.id)
    }
}

/// A stretch of the jobs of one kind, in the order of claims.
public struct JobRange: Sendable, Hashable {
    /// The kind.
    public let kind: JobKind
    /// The stretch begins behind this place; `nil` for the beginning.
    public let after: JobPlace?

    /// Names a stretch.
    public init(of kind: JobKind, after place: JobPlace? = nil) {
        self.kind = kind
        after = place
    }
}
