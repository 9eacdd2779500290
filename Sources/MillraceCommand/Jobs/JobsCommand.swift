internal import ArgumentParser

/// `millrace jobs`: the queues of a store.
struct JobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "jobs",
        abstract: "List, show, retry, cancel and count the jobs of a store.",
        subcommands: [
            ListJobsCommand.self, ShowJobCommand.self, RetryJobsCommand.self, CancelJobsCommand.self,
            JobStatsCommand.self,
        ])
}
