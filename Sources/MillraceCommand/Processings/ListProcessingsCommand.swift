internal import ArgumentParser
internal import Millrace

/// `millrace processings list`.
struct ListProcessingsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List runs, newest first.",
        discussion: "An option that is given several times lets any of its values through.")

    @OptionGroup var stored: StoredWork
    @OptionGroup var page: PageOptions

    @Option(
        help: ArgumentHelp(
            "Only runs in this status: \(ProcessingStatus.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "status"))
    var status: [ProcessingStatus] = []

    func run() async throws {
        try await stored.open { millrace, console in
            let after = try page.after.map(ProcessingName.id)
            let filter = ProcessingFilter(statuses: status.isEmpty ? nil : status)
            let rows = try await millrace.processings.rows(matching: filter, before: after, limit: page.limit)
            if page.json {
                for row in rows { try Listing.write(ProcessingSummary(row)) }
                return
            }
            var table = ProcessingSummary.table
            for row in rows { table.add(ProcessingSummary(row).row) }
            Listing.write(table)
            if rows.isEmpty {
                console.note(
                    after == nil && filter == ProcessingFilter() ? "There are no runs yet." : "There are no such runs.")
            }
            page.sayNext(rows.last.map { "\($0.id)" }, of: rows.count, with: console)
        }
    }
}
