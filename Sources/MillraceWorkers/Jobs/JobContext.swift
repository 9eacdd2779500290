public import Logging
public import MillraceCore

/// What a handler may want to know of the job that it runs.
public struct JobContext: Sendable {
    /// The job as it was claimed.
    public let job: Job
    /// Logs with the job's identity and type.
    public let logger: Logger

    init(job: Job, traceID: String? = nil, logger: Logger) {
        var logger = logger
        logger[metadataKey: "millrace-job-id"] = "\(job.id)"
        logger[metadataKey: "millrace-job-type"] = "\(job.type)"
        if let traceID { logger[metadataKey: "trace-id"] = "\(traceID)" }
        self.job = job
        self.logger = logger
    }
}
