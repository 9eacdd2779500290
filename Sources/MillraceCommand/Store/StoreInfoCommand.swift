internal import ArgumentParser
internal import Millrace

/// `millrace store info`.
struct StoreInfoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "info", abstract: "Show how large a store is and what it holds, without changing it.")

    @OptionGroup var store: MaintainedStore

    @Flag(help: "Print one JSON object instead.")
    var json = false

    func run() async throws {
        try await store.maintain { [json] store, _ in
            let summary = StoreSummary(try await store.info())
            let text = json ? try JSONText(encoding: summary).text + "\n" : summary.table
            FileDescriptor.standardOutput.writeAll(text)
            return .done
        }
    }
}
