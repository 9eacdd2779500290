internal import ArgumentParser
internal import Foundation
internal import Millrace

/// `millrace store copy`.
struct StoreCopyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "copy",
        abstract: "Copy everything from a store in a file into an empty one in PostgreSQL.",
        discussion: """
            All of it or nothing: queues, jobs, transcripts, runs and their chunks, cached results. Each table is \
            compared by the number of its rows and a hash of what is in them. Workers of the old store must have \
            been stopped; runs that were going on go on from there on the new one. The file is as it was afterwards.
            """)

    @Argument(help: "The store to read: the path of its file.")
    var from: String

    @Argument(help: "The store to fill: postgres://user@host/database, or with another schema …?schema=name.")
    var to: String

    @OptionGroup var output: OutputOptions

    @Flag(help: "Print one JSON object a table, with its rows and their hash.")
    var json = false

    func run() async throws {
        try await MaintainedStore.attend(output) { [from, to, json] console in
            let transfer = try StoreTransfer(from: StoreLocation(from), to: StoreLocation(to))
            let outcome = try await transfer.run { name, rows in console.status("\(name): \(rows) rows") }
            console.status(nil)
            for table in outcome.tables {
                let line =
                    json
                    ? try JSONText(encoding: Line(table)).text
                    : "\(table.name.padding(toLength: 18, withPad: " ", startingAt: 0))\(table.rows)"
                guard FileDescriptor.standardOutput.writeAll(line + "\n") else { break }
            }
            if outcome.recordings > 0 {
                console.note("Decoded recordings came along for this host: \(outcome.recordings)")
            }
            for path in outcome.leftRecordings {
                console.error("\(path): a run needs this decoded recording, and it could not be copied; keep the file")
            }
            console.note(
                "All of \(transfer.source) is in \(transfer.target) now; the file is as it was, and no longer needed.")
            return .done
        }
    }

    private struct Line: Encodable {
        let table: String
        let rows: Int
        let sha256: String

        init(_ table: StoreTransfer.Outcome.Table) {
            self.table = table.name
            rows = table.rows
            sha256 = table.hash.hex
        }
    }
}
