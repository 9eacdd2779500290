/// Samples of a block that the endpoint would not take.
public struct OutboxQuarantined: Hashable, Sendable {
    /// The most that is kept of an answer, in bytes.
    public static let maximumAnswerBytes = 1_024

    /// How many samples there are.
    public let sampleCount: Int
    /// `timeseries` fields of a `WriteRequest`, not compressed; a block's body as it is, when it cannot be read.
    public let body: [UInt8]
    /// ``OutboxDropReason/rejected`` when the endpoint said that they are wrong, ``OutboxDropReason/quarantined`` when it
    /// failed on them again and again.
    public let reason: OutboxDropReason
    /// The status of the last answer; `nil` when there was none.
    public let status: Int?
    /// The last answer, of which the first 1 KiB is kept; or what went wrong.
    public let answer: String

    /// Describes samples that were refused.
    public init(sampleCount: Int, body: [UInt8], reason: OutboxDropReason, status: Int?, answer: String) {
        self.sampleCount = sampleCount
        self.body = body
        self.reason = reason
        self.status = status
        self.answer = answer
    }
}
