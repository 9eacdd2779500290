internal import ArgumentParser

/// `millrace cache`: the cached values of a store.
struct CacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache",
        abstract: "Read, write and remove the cached values of a store.",
        discussion: """
            Results of transcription are cached under keys that begin with chunk:. A worker or transcribe that runs \
            sees what is changed here within two seconds.
            """,
        subcommands: [
            GetCacheCommand.self, PutCacheCommand.self, DeleteCacheCommand.self, InvalidateCacheCommand.self,
            CacheStatsCommand.self,
        ])
}
