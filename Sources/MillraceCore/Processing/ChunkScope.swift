/// Which chunks a claim may take.
public struct ChunkScope: Sendable, Hashable {
    /// The engines that the worker has.
    public var engines: [EngineIdentity]
    /// Only chunks of these processings; `nil` for any.
    public var processings: [ProcessingID]?
    /// No chunks of these processings: their recordings cannot be reached from here.
    public var unreachable: [ProcessingID]

    /// Describes the chunks that a worker can take.
    public init(engines: [EngineIdentity], processings: [ProcessingID]? = nil, unreachable: [ProcessingID] = []) {
        self.engines = engines
        self.processings = processings
        self.unreachable = unreachable
    }
}
