internal import ArgumentParser

/// `millrace store`: looks after the store.
struct StoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store",
        abstract:
            "Look into a store, check and mend it, back it up, restore it, move it to PostgreSQL, and delete what is old.",
        subcommands: [
            StoreInfoCommand.self, StoreCheckCommand.self, StoreBackupCommand.self, StoreRestoreCommand.self,
            StorePruneCommand.self, StoreCopyCommand.self,
        ])
}
