internal import ArgumentParser
internal import Foundation
internal import MillraceCore
internal import MillraceSQLite

/// `cache-neighbour`: writes to the cache of a store as another process does, and locks the store as a stuck one would.
///
/// It is told by lines of standard input, and answers each with the monotonic time, in nanoseconds, at which it was done.
struct CacheNeighbourCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache-neighbour", abstract: "The other process of the run `staleness`.")

    @Option(help: "The store's file.")
    var store: String

    func run() async throws {
        let cache = SQLiteCacheStore(try SQLiteStore(path: store))
        while let line = readLine() {
            let words = line.split(separator: " ").map(String.init)
            switch words[0] {
            case "put":
                _ = try await cache.put(CacheKey(words[1]), CacheValue(bytes: Data(words[2].utf8)), ttl: .standard)
            case "delete": _ = try await cache.remove(CacheKey(words[1]))
            case "invalidate": _ = try await cache.removeAll(matching: CachePattern(words[1]))
            case "freeze": try lock(F_WRLCK)
            case "thaw": try lock(F_UNLCK)
            default: throw ExitCode.validationFailure
            }
            FileHandle.standardOutput.write(Data("\(Neighbour.now)\n".utf8))
        }
    }

    /// Takes or gives back the bytes of the shared memory's file by which SQLite counts who reads and writes.
    private func lock(_ type: Int32) throws {
        // It stays open: closing it would give the lock back.
        let file = open(store + "-shm", O_RDWR)
        var range = flock()
        range.l_type = Int16(type)
        range.l_whence = Int16(SEEK_SET)
        range.l_start = 120
        range.l_len = 8
        guard fcntl(file, F_SETLKW, &range) == 0 else { throw ExitCode.failure }
    }
}
