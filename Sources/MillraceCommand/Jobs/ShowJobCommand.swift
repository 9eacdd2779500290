internal import ArgumentParser
internal import Millrace

/// `millrace jobs show`.
struct ShowJobCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show all that is known of a job.")

    @Argument(help: "The id of the job.")
    var id: String

    @OptionGroup var stored: StoredWork

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() async throws {
        try await stored.open { millrace, _ in
            let job = try await JobName.job(JobName.id(id), in: millrace)
            if json { return try job.writeJSON() }
            var facts = JobSummary(job).facts(payload: job.payload, result: job.result)
            if job.status.isOpen, let transcript = job.awaits,
                let run = try await millrace.processings.row(of: transcript)
            {
                facts.append(("Run", "\(run.id), \(ProcessingSummary(run).state)"))
            }
            Listing.write(facts)
        }
    }
}
