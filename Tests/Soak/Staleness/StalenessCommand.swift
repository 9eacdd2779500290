internal import ArgumentParser
internal import Foundation
internal import MillraceCaching
internal import MillraceCore
internal import MillraceSQLite
internal import MillraceTesting

/// `staleness`: what one process writes to the cache must be seen by another within two seconds, always.
struct StalenessCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "staleness",
        abstract: "One process writes to the cache, another looks.",
        discussion: """
            Puts, deletions and invalidations with random pauses; none may be unseen two seconds later. In the end the \
            store is frozen: memory must not be served beyond two seconds.
            """)

    @Option(help: "How many writes.")
    var tries = 10_000

    @Option(help: "How many keys are written and looked at side by side.")
    var lanes = 50

    func validate() throws {
        guard lanes > 0, tries >= lanes else { throw ValidationError("There must be a try for each lane, and a lane.") }
    }

    func run() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-staleness-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("store.db").path
        let cache = TieredCache(store: SQLiteCacheStore(try SQLiteStore(path: path)))
        let neighbour = try Neighbour(store: path)
        defer { neighbour.dismiss() }
        print("staleness: seed=\(TestSeed.value) tries=\(tries) lanes=\(lanes)")

        let seen = try await Staleness(cache: cache, neighbour: neighbour).run(
            tries: tries, lanes: lanes, seed: TestSeed.value)
        print("staleness: \(seen)")
        let frozen = try await FrozenStore(cache: cache, neighbour: neighbour).run()
        print("frozen: \(frozen)")
        guard seen.isAsItShouldBe(tries: tries / lanes * lanes), frozen.isAsItShouldBe else {
            print("staleness: WRONG")
            throw ExitCode.failure
        }
    }
}
