internal import ArgumentParser
internal import Millrace

/// `millrace store restore`.
struct StoreRestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Put a backup in the place of a store.",
        discussion: """
            The backup is verified first, and stays. Nobody may have the store open. The former store is kept beside \
            it, as <store>.replaced-<time>. Runs that were going on when the backup was made go on from there: give \
            the same command again.
            """)

    @Argument(help: "The backup.")
    var file: String

    @OptionGroup var store: MaintainedStore

    func run() async throws {
        try await store.maintain { [file] store, console in
            let copy = try await store.restore(from: file)
            console.note("\(copy.path) is restored from \(file).")
            if let former = copy.formerFile { console.note("The former store is kept as \(former).") }
            return .done
        }
    }
}
