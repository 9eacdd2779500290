/// Which chunks a claim may take.
public struct ChunkScope: Sendable, Hashable {
    /// The engines that the worker has.
    public var engines: [EngineIdentity]
    /// Only chunks of these processings; `nil` for any.
    public var processings: [ProcessingID]?
    /// Of these processings only chunks whose sound is kept with them: their recordings cannot be reached from here.
    public var unreachable: [ProcessingID]
    /// Chunks whose workers died so often while they ran are suspects; see ``JobScope/maxCrashes``. 0 is off.
    public var maxCrashes: Int
    /// Whether the claimer runs nothing else; see ``JobScope/isAlone``.
    public var isAlone: Bool

    /// Describes the chunks that a worker can take.
    public init(
        engines: [EngineIdentity], processings: [ProcessingID]? = nil, unreachable: [ProcessingID] = [],
        maxCrashes: Int = 0, isAlone: Bool = false
    ) {
        self.engines = engines
        self.processings = processings
        self.unreachable = unreachable
        self.maxCrashes = max(0, maxCrashes)
        self.isAlone = isAlone
    }
}
