public import Logging
public import MillraceCore

/// What a handler may want to know of the job that it runs.
public struct JobContext: Sendable {
    /// The job as it was claimed.
    public let job: Job
    private let traceID: String?
    private let workerLogger: Logger

    init(job: Job, traceID: String? = nil, logger: Logger) {
        self.job = job
        self.traceID = traceID
        workerLogger = logger
    }

    /// Logs with the job's identity and type. Made for each use: most jobs log nothing.
    public var logger: Logger {
        var logger = workerLogger
        logger[metadataKey: "millrace-job-id"] = "\(job.id)"
        logger[metadataKey: "millrace-job-type"] = "\(job.type)"
        if let traceID { logger[metadataKey: "trace-id"] = "\(traceID)" }
        return logger
    }
}
