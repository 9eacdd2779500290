internal import ArgumentParser
internal import Millrace

/// `millrace jobs cancel`.
struct CancelJobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cancel",
        abstract: "Call jobs off; one that runs is stopped within a second.",
        discussion: """
            A job of type transcribe takes along the run that it has begun or joined, unless another job waits for the \
            same transcript. That ends a transcribe in a terminal too that shares the run. What was transcribed stays \
            in the cache.
            """)

    @Argument(help: "The ids of the jobs.")
    var ids: [String]

    @OptionGroup var stored: StoredWork

    func run() async throws {
        try await stored.forEach(ids, JobName.id) { millrace, id in
            do {
                try await millrace.cancelJob(id)
            } catch let error as StoreError where error.code == .notFound || error.code == .illegalMove {
                let job = try await JobName.job(id, in: millrace)
                throw StoreError(
                    .illegalMove, "it is \(job.status.rawValue) and cannot be cancelled any more", cause: error)
            }
        }
    }
}
