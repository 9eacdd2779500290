internal import ArgumentParser
internal import Millrace

/// `millrace jobs list`.
struct ListJobsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List jobs, newest first.",
        discussion: "An option that is given several times lets any of its values through.")

    @OptionGroup var stored: StoredWork
    @OptionGroup var page: PageOptions

    @Option(help: ArgumentHelp("Only jobs of this queue.", valueName: "name"))
    var queue: [QueueName] = []

    @Option(
        help: ArgumentHelp(
            "Only jobs in this status: \(JobStatus.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "status"))
    var status: [JobStatus] = []

    @Option(help: ArgumentHelp("Only jobs of this type.", valueName: "name"))
    var type: [JobType] = []

    func run() async throws {
        try await stored.open { millrace, console in
            let after = try page.after.map(JobName.id)
            let filter = JobFilter(
                queues: queue.isEmpty ? nil : queue, types: type.isEmpty ? nil : type,
                statuses: status.isEmpty ? nil : status)
            let jobs = try await millrace.jobs.jobs(matching: filter, before: after, limit: page.limit)
            if page.json {
                for job in jobs { try job.writeJSON() }
                return
            }
            var table = JobSummary.table
            for job in jobs { table.add(JobSummary(job).row) }
            Listing.write(table)
            if jobs.isEmpty {
                console.note(
                    after == nil && filter == JobFilter() ? "There are no jobs yet." : "There are no such jobs.")
            }
            page.sayNext(jobs.last.map { "\($0.id)" }, of: jobs.count, with: console)
        }
    }
}

extension Job {
    /// Writes the job as a JSON object on a line of its own.
    func writeJSON() throws {
        try Listing.write(JobSummary(self), with: [("payload", payload), ("result", result)])
    }
}
