/// One statement, one command, one look at memory; or one thing that goes wrong.
enum CacheStep: Hashable, Sendable {
    case write(Int, CacheState.Writer.Phase, isDelete: Bool)
    case read(Int, CacheState.Reader.Phase)
    case follow(Int, CacheState.Follow.Phase)
    case invalidate(CacheState.Invalidator.Phase)
    case message(Int)

    /// The same, but the command does not reach Redis, or the reply does not come back.
    indirect case failed(CacheStep, isDone: Bool)
    /// The same, and the command is done after all, later.
    indirect case late(CacheStep)
    case lateCommand
    /// Whoever would take the step next ends.
    indirect case crash(CacheStep)
    case evictSlot(epoch: Int)
    case expire(epoch: Int, isEarly: Bool)
    case evictCursor
    case evictRules
    case flush
    case save
    case comeBack
    case loseMessage(Int)
    case evictMemory(Int)
    case trim
}

extension CacheStep: CustomStringConvertible {
    var description: String {
        switch self {
        case .write(let writer, let phase, let isDelete):
            "writer \(writer): \(phase)\(phase == .commit || phase == .lateCommit ? isDelete ? " delete" : " put" : "")"
        case .read(let reader, let phase): "reader \(reader): \(phase)"
        case .follow(let node, let phase): "node \(node) follows: \(phase)"
        case .invalidate(let phase): "invalidator: \(phase)"
        case .message(let node): "node \(node) gets a message"
        case .failed(let step, let isDone): "\(step), which \(isDone ? "is done, but seems to fail" : "fails")"
        case .late(let step): "\(step), which is on its way for long"
        case .lateCommand: "what was on its way is done"
        case .crash(let step): "end of \(step.actor)"
        case .evictSlot(let epoch): "the slot of epoch \(epoch) is given up"
        case .expire(let epoch, let isEarly): "what holds the slot of epoch \(epoch) expires\(isEarly ? " early" : "")"
        case .evictCursor: "the cursor is given up"
        case .evictRules: "the rules are given up"
        case .trim: "the log forgets what it has"
        case .flush: "FLUSHALL"
        case .save: "Redis is saved"
        case .comeBack: "Redis comes back as it was saved"
        case .loseMessage(let node): "node \(node) loses a message"
        case .evictMemory(let node): "the memory of node \(node) gives its value up"
        }
    }

    private var actor: String { String(description.prefix { $0 != ":" }) }
}
