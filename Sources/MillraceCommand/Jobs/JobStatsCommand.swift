internal import ArgumentParser
internal import Millrace

/// `millrace jobs stats`.
struct JobStatsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats",
        abstract: "Count the jobs of each queue by status, and tell how long the oldest QUEUED one has waited.")

    @OptionGroup var stored: StoredWork

    @Option(help: ArgumentHelp("Only this queue.", valueName: "name"))
    var queue: QueueName?

    @Flag(help: "One JSON object a line, a line a queue.")
    var json = false

    /// The counts of a queue. The names of the members are those of its JSON.
    private struct Line: Encodable {
        let queue: String
        let queued: Int
        let scheduled: Int
        let processing: Int
        let completed: Int
        let failed: Int
        let cancelled: Int
        let total: Int
        let oldestQueuedSeconds: Double?

        init(_ name: QueueName, _ stats: JobStats) {
            queue = name.name
            queued = stats[.queued]
            scheduled = stats[.scheduled]
            processing = stats[.processing]
            completed = stats[.completed]
            failed = stats[.failed]
            cancelled = stats[.cancelled]
            total = stats.total
            oldestQueuedSeconds = stats.oldestQueuedAge?.inSeconds
        }
    }

    func run() async throws {
        try await stored.open { millrace, console in
            let all = try await millrace.jobs.jobStats().filter { queue == nil || $0.key == queue }
            let sorted = all.sorted { $0.key.name < $1.key.name }
            if json {
                for (name, stats) in sorted { try Listing.write(Line(name, stats)) }
                return
            }
            var table = TextTable(
                "QUEUE", "QUEUED", "SCHEDULED", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED", "TOTAL",
                "OLDEST QUEUED")
            for (name, stats) in sorted {
                let counts = JobStatus.allCases.map { "\(stats[$0])" }
                table.add(
                    [name.name] + counts + ["\(stats.total)", stats.oldestQueuedAge.map(Listing.text) ?? ""])
            }
            Listing.write(table)
            if all.isEmpty {
                console.note(queue.map { "There are no jobs in the queue \($0)." } ?? "There are no jobs yet.")
            }
        }
    }
}
