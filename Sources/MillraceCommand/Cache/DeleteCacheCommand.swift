internal import ArgumentParser
internal import Millrace

/// `millrace cache delete`.
struct DeleteCacheCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Remove one cached value.",
        discussion: "Exit status: 1 when there is no value under the key.")

    @Argument(help: "The key of the value.")
    var key: String

    @OptionGroup var stored: StoredCache

    func validate() throws {
        _ = try typed { () throws(InvalidValue) in try CacheKey(key) }
    }

    func run() async throws {
        try await stored.open { cache in
            let key = try CacheKey(key)
            let outcome = try await cache.delete(key)
            try stored.log(outcome)
            guard outcome.changes(in: .l3) > 0 else { throw StoreError.noValue(key) }
        }
    }
}
