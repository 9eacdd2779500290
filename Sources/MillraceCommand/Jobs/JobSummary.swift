internal import Millrace

/// A job as it is listed and shown. The names of the members are those of its JSON.
struct JobSummary: Encodable {
    let id: String
    let queue: String
    let type: String
    let status: String
    let priority: Int
    let engine: String?
    let createdAt: String
    let scheduledAt: String?
    let startedAt: String?
    let completedAt: String?
    let updatedAt: String
    let retryCount: Int
    let maxRetries: Int
    let crashes: Int
    let timeoutSeconds: Double?
    let worker: String?
    let uniqueKey: String?
    let transcript: String?
    let waitsFor: String?
    let error: String?

    init(_ job: Job) {
        id = job.id.description
        queue = job.queueName.name
        type = job.type.name
        status = job.status.rawValue
        priority = job.priority.rawValue
        engine = job.engine?.description
        createdAt = Listing.text(job.createdAt)
        scheduledAt = job.scheduledAt.map(Listing.text)
        startedAt = job.startedAt.map(Listing.text)
        completedAt = job.completedAt.map(Listing.text)
        updatedAt = Listing.text(job.updatedAt)
        retryCount = job.retryCount
        maxRetries = job.maxRetries
        crashes = job.crashes
        timeoutSeconds = job.timeout?.inSeconds
        worker = job.workerID?.description
        uniqueKey = job.uniqueKey
        transcript = job.transcriptID?.description
        waitsFor = job.awaits?.description
        error = job.errorMessage
    }

    static var table: TextTable { TextTable("ID", "STATUS", "PRIORITY", "QUEUE", "TYPE", "CREATED", "DETAIL") }

    /// The job as a row of ``table``.
    var row: [String] { [id, status, "\(priority)", queue, type, createdAt, detail] }

    private var detail: String {
        if let error { return error }
        switch status {
        case JobStatus.scheduled.rawValue:
            return waitsFor.map { "waits for transcript \($0)" } ?? "due \(scheduledAt ?? "now")"
        case JobStatus.processing.rawValue:
            return "since \(startedAt ?? updatedAt)"
        default:
            return ""
        }
    }

    /// The job in full, one fact a line.
    func facts(payload: JSONText, result: JSONText?) -> [(name: String, value: String?)] {
        [
            ("Job", id), ("Queue", queue), ("Type", type), ("Status", status), ("Priority", "\(priority)"),
            ("Engine", engine), ("Created", createdAt), ("Due", scheduledAt), ("Started", startedAt),
            ("Ended", completedAt), ("Changed", updatedAt), ("Retries", "\(retryCount) of \(maxRetries)"),
            ("Crashes", "\(crashes)"), ("Time-out", timeoutSeconds.map { "\($0) s" }), ("Worker", worker),
            ("Unique key", uniqueKey), ("Transcript", transcript), ("Waits for", waitsFor), ("Error", error),
            ("Payload", payload.text), ("Result", result?.text),
        ]
    }
}
