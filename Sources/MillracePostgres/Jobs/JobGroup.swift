internal import MillraceCore

/// The jobs of one queue, type, engine and priority, which are in the order of their making in the index of claims.
struct JobGroup: Hashable, Sendable {
    let queue: QueueName
    let type: JobType
    /// As stored; empty for jobs that any worker can run.
    let engine: String
    let priority: JobPriority

    init(queue: QueueName, type: JobType, engine: String, priority: JobPriority) {
        self.queue = queue
        self.type = type
        self.engine = engine
        self.priority = priority
    }

    init(_ job: Job) {
        self.init(
            queue: job.queueName, type: job.type, engine: job.engine?.description ?? "", priority: job.priority)
    }

    /// All groups that a scope reaches.
    static func all(in scope: JobScope) -> [JobGroup] {
        scope.queues.flatMap { queue in
            scope.types.flatMap { type in
                ([""] + scope.engines.map(\.description)).flatMap { engine in
                    JobPriority.allCases.reversed().map { priority in
                        JobGroup(queue: queue, type: type, engine: engine, priority: priority)
                    }
                }
            }
        }
    }
}

/// A job that was queued again, and so may lie behind what claims have passed.
struct RequeuedJob: Sendable {
    static let columns = "queue_name, job_type, coalesce(engine, '') AS engine, priority, created_at"

    let group: JobGroup
    let createdAt: Timestamp

    static func read(_ row: inout RowReader) throws -> RequeuedJob {
        RequeuedJob(
            group: JobGroup(
                queue: QueueName(stored: try row.value()), type: JobType(stored: try row.value()),
                engine: try row.value(), priority: try row.choice()),
            createdAt: try row.time())
    }
}
