/// The payload of a merge job.
public struct MergePayload: Hashable, Sendable, Codable {
    /// The processing to be merged.
    public let processingID: ProcessingID
    /// Which merge of this processing it is: 1 for the first run, one more for each resumption.
    public let round: Int

    /// Names a merge.
    public init(processingID: ProcessingID, round: Int) {
        self.processingID = processingID
        self.round = round
    }

    /// The key by which the merge of a round is inserted once.
    public var uniqueKey: String { "merge:\(processingID):\(round)" }

    /// The job that carries the payload, for the processing with a row.
    public func request(for row: ParallelProcessor.Row) -> JobRequest {
        JobRequest(
            .merge,
            payload: JSONText(stored: #"{"processingID":"\#(processingID)","round":\#(round)}"#),
            queueName: row.queueName, priority: row.priority, uniqueKey: uniqueKey, transcriptID: row.transcriptID,
            traceContext: row.traceContext)
    }
}
