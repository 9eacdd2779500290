internal import ArgumentParser
internal import Foundation
internal import MillraceCore
internal import MillracePostgres
internal import MillraceTesting
internal import TestServers

/// `redis`: whatever can become of the Redis beside a queue does, and workers are killed meanwhile; no job may fail, be
/// lost, or be done twice.
struct RedisSoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "redis",
        abstract: "Workers on PostgreSQL with hints in Redis, which is struck over and over.",
        discussion: """
            Jobs arrive evenly and write a row in the transaction that settles them. At every blow one of these is drawn, \
            while others may still last: a worker is killed (SIGKILL), Redis loses all (FLUSHALL), is killed and stays \
            away for a while, or is frozen (SIGSTOP); connections to it are cut, between two bytes too, go silent for good, \
            are held up, or are refused. The last fifth of the time is calm. In the end all jobs must be COMPLETED, with \
            one row each; hints must be kept again soon, and as many jobs be done as arrive.
            """)

    @Option(help: "How many jobs.")
    var jobs = 40_000

    @Option(help: "How many workers.")
    var workers = 4

    @Option(help: "How long the storm lasts, the calm at its end included.")
    var seconds = 180

    @Option(help: "The time between two blows.")
    var blowMilliseconds = 250

    @Option(help: "How long the workers have for what is left, once the storm is over.")
    var calmSeconds = 300

    @Flag(help: "Take a Valkey server.")
    var valkey = false

    @Flag(help: "Let the workers write before they settle, as it should not be done: the storm must find it.")
    var apart = false

    @Flag(
        help: """
            Look at all figures but judge none of those that depend on how busy the machine is; every blow waits for \
            workers at work.
            """)
    var lenient = false

    func validate() throws {
        guard jobs > 0, workers > 0, seconds > 1, blowMilliseconds > 0, calmSeconds > 0 else {
            throw ValidationError("Every number must be positive.")
        }
    }

    /// Hints are kept again so soon after the last blow.
    private static let patience = Duration.seconds(15)
    /// Of the jobs that arrive in calm weather so many are done.
    private static let wantedShare = 0.9

    func run() async throws {
        say("seed=\(TestSeed.value) jobs=\(jobs) workers=\(workers) seconds=\(seconds)")
        let isRight = try await PostgresServer.with { postgres in
            try await RedisServer.with(valkey ? .valkey : .redis) { redis in
                let proxy = try await CutProxy.start(to: redis.port)
                let schema = postgres.freshSchema()
                let url = redis.url(port: proxy.port)
                let store = try await openPostgresEffectStore(schema.url, redis: url)
                let isRight = try await storm(schema.url, store, redis, proxy)
                await store.close()
                try await proxy.close()
                return isRight
            }
        }
        guard isRight else {
            say("WRONG")
            throw ExitCode.failure
        }
    }

    private func storm(
        _ url: String, _ store: PostgresEffectStore, _ redis: RedisServer, _ proxy: CutProxy
    ) async throws -> Bool {
        let plan = Storm.Plan(
            jobs: jobs, workers: workers, store: url,
            options: ["--redis", redis.url(port: proxy.port)] + (apart ? ["--apart"] : []),
            duration: .seconds(seconds), interval: .milliseconds(blowMilliseconds), calm: .seconds(calmSeconds),
            awaitsWorkers: lenient)
        let weather = RedisWeather(
            redis, proxy, storeID: try await store.store.identity(), blows: plan.blows * 4 / 5,
            longest: max(1, plan.blows / 15))
        let outcome = try await Storm(plan, in: store, blow: weather.strike).run()
        let calm = try await weather.finish()
        let arriving = Double(jobs) / Double(seconds) * (calm.end - calm.hinted).inSeconds
        let done = Double(try await store.effects(from: calm.hinted, to: calm.end))
        let share = arriving > 0 ? done / arriving : 0
        say("\(outcome)")
        say(
            """
            \(weather.counts) hints-back-within=\(digits((calm.hinted - calm.begin).inSeconds))s \
            done-of-arriving=\(digits(share)) longest-pause=\(digits(try await store.longestPause().inSeconds))s
            """)
        let isBack = calm.hinted - calm.begin <= Self.patience && share >= Self.wantedShare
        return outcome.isAsItShouldBe(jobs: jobs) && (lenient || isBack && outcome.rescues > 0)
    }

    private func digits(_ number: Double) -> String { "\((number * 100).rounded() / 100)" }

    /// Prints at once, even into a file.
    private func say(_ text: String) {
        print("redis: \(text)")
        fflush(nil)
    }
}
