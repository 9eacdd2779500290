internal import MillraceCore

/// How the keys and channels of one store's hints are named.
///
/// All keys of a queue have one hash tag, so a script finds them on one node of a cluster.
struct HintKeys: Sendable {
    private let store: String

    init(storeID: String) {
        store = storeID
    }

    /// What is said of new work.
    var work: String { "{mr:\(store)}:jobs" }
    /// What is said of jobs that have ended.
    var ends: String { "{mr:\(store)}:done" }
    /// The jobs that somebody waits for.
    var awaited: String { "{mr:\(store)}:awaited" }

    /// How a job has ended.
    func result(of id: JobID) -> String { "{mr:\(store)}:result:\(id)" }

    /// Who refills the window of a queue, and for how long.
    func leader(of queue: QueueName) -> String { prefix(queue) + ":leader" }

    /// The epoch of a queue's window, and how far the window reaches for each kind of job.
    func state(of queue: QueueName) -> String { prefix(queue) + ":state" }

    /// What was taken out of the window and is being claimed.
    func inFlight(of queue: QueueName) -> String { prefix(queue) + ":inflight" }

    /// What all keys of ready jobs of a queue begin with; ``suffix(of:)`` follows.
    func ready(of queue: QueueName) -> String { prefix(queue) + ":ready:" }

    /// The hints of one kind of jobs.
    func ready(_ kind: JobKind) -> String { ready(of: kind.queueName) + Self.suffix(of: kind) }

    private func prefix(_ queue: QueueName) -> String { "{mr:\(store):q:\(queue)}" }

    /// Names hold no control characters, so the tabulator is in none.
    static func suffix(of kind: JobKind) -> String {
        kind.engine.map { "\(kind.type)\t\($0)" } ?? kind.type.name
    }

    /// The kind that a suffix names; `nil` when nobody of this version wrote it.
    static func kind(suffix: String, in queue: QueueName) -> JobKind? {
        let parts = suffix.split(separator: "\t", maxSplits: 1, omittingEmptySubsequences: false)
        guard let type = try? JobType(String(parts[0])) else { return nil }
        guard parts.count == 2 else { return JobKind(queueName: queue, type: type) }
        guard let engine = EngineIdentity(description: String(parts[1])) else { return nil }
        return JobKind(queueName: queue, type: type, engine: engine)
    }
}
