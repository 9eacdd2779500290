internal import ArgumentParser
internal import Millrace

/// `millrace store backup`.
struct StoreBackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a store to a file, whole, while others work on it.",
        discussion: """
            The copy is the store at one moment. It is verified before it gets its name; until then nothing of that \
            name changes. It holds transcripts, chunks, jobs and the cache, but no recordings.
            """)

    @Argument(help: "The file to write.")
    var file: String

    @OptionGroup var store: MaintainedStore

    @Flag(help: "Replace the file if it exists.")
    var force = false

    func run() async throws {
        try await store.maintain { [file, force] store, console in
            do throws(StoreError) {
                let copy = try await store.backup(to: file, replacing: force)
                console.note("\(store.location) is backed up to \(copy.path), \(copy.bytes) bytes.")
                return .done
            } catch {
                guard error.code == .conflict else { throw error }
                throw StoreError(
                    .conflict, "\(error.message); replace it with --force, or choose another", cause: error)
            }
        }
    }
}
