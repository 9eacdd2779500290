internal import ArgumentParser
internal import Foundation
internal import Millrace

/// The option that names the server beside the store, for commands that go to it.
struct RedisOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "A Redis or Valkey server beside the store.",
            discussion: """
                redis://user:password@host:port/database, or rediss:// for TLS, with ?tls_ca=file for an authority of \
                your own; the password may come from MILLRACE_REDIS_PASSWORD. It has a copy of the cache for all \
                machines, and tells workers at once what there is to do. It may be away or lose everything at any time, \
                at the cost of time alone. Without it: MILLRACE_REDIS_URL, else none.
                """,
            valueName: "url"))
    var redis: String?

    /// The server that was given, or that of the environment.
    func server(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(StoreError) -> RedisConfiguration? {
        guard let url = redis ?? environment["MILLRACE_REDIS_URL"], redis != nil || !url.isEmpty else { return nil }
        do {
            return try RedisConfiguration(url, environment: environment)
        } catch {
            throw StoreError(.invalid, error.message, cause: error)
        }
    }
}
