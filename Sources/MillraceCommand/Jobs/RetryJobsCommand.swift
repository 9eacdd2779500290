internal import ArgumentParser
internal import Millrace

/// `millrace jobs retry`.
struct RetryJobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry",
        abstract: "Queue jobs again that have FAILED or were CANCELLED.",
        discussion: "Retries and crashes count from 0 again. A job of type transcribe takes its run up where it ended.")

    @Argument(help: "The ids of the jobs.")
    var ids: [String]

    @OptionGroup var stored: StoredWork

    func run() async throws {
        try await stored.forEach(ids, JobName.id) { millrace, id in
            let job = try await JobName.job(id, in: millrace)
            guard !job.status.isOpen, job.status != .completed else {
                throw StoreError(
                    .illegalMove, "it is \(job.status.rawValue); only what has FAILED or was CANCELLED is retried")
            }
            try await millrace.jobs.updateJobStatus(id, to: .queued)
        }
    }
}
