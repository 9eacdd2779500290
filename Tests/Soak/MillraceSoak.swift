internal import ArgumentParser

/// Long runs in which things go wrong on purpose. `script/soak NAME` builds it for release and runs one of them.
///
/// Each prints its seed and its counts, and ends with a status that is not 0 when anything was lost or done twice.
@main struct MillraceSoak: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Long runs in which things go wrong on purpose.",
        subcommands: [
            StormCommand.self, EffectWorkerCommand.self, StalenessCommand.self, CacheNeighbourCommand.self,
            FanInCommand.self, FanInWorkerCommand.self, PostgresCommand.self, RedisSoakCommand.self,
            MetricsSoakCommand.self, MetricsSenderCommand.self,
        ])
}
