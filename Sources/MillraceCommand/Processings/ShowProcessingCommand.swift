internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace processings show`.
struct ShowProcessingCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show a run and its chunks.")

    @Argument(help: "The id of the processing.")
    var id: String

    @OptionGroup var stored: StoredWork

    @Flag(help: "Print JSON: one object for the run, then one for each chunk, one a line.")
    var json = false

    /// A chunk. The names of the members are those of its JSON.
    private struct Line: Encodable {
        let processing: String
        let index: Int
        let start: Double
        let end: Double
        let status: String
        let retryCount: Int
        let crashes: Int
        let fromCache: Bool
        let worker: String?
        let error: String?

        init(_ chunk: ChunkTask) {
            processing = chunk.processingID.description
            index = chunk.index
            start = ProcessingSummary.rounded(chunk.range.startSeconds)
            end = ProcessingSummary.rounded(chunk.range.endSeconds)
            status = chunk.status.rawValue
            retryCount = chunk.retryCount
            crashes = chunk.crashes
            fromCache = chunk.isFromCache
            worker = chunk.workerID?.description
            error = chunk.errorMessage
        }

        var row: [String] {
            [
                "\(index)", status, Self.text(start), Self.text(end), "\(retryCount)", fromCache ? "yes" : "",
                error ?? "",
            ]
        }

        private static func text(_ seconds: Double) -> String { String(format: "%.1f", seconds) }
    }

    func run() async throws {
        try await stored.open { millrace, _ in
            let row = try await ProcessingName.row(ProcessingName.id(id), in: millrace)
            if json {
                try Listing.write(ProcessingSummary(row))
                for try await chunk in millrace.processings.results(of: row.id) { try Listing.write(Line(chunk)) }
                return
            }
            Listing.write(ProcessingSummary(row).facts)
            FileDescriptor.standardOutput.writeAll("\n")
            var table = TextTable("CHUNK", "STATUS", "FROM", "TO", "RETRIES", "CACHED", "ERROR")
            for try await chunk in millrace.processings.results(of: row.id) { table.add(Line(chunk).row) }
            Listing.write(table)
        }
    }
}
