internal import ArgumentParser
internal import Foundation
internal import Millrace

/// The options that name the store, and the server beside it.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "Where everything is kept: a file, or a PostgreSQL database.",
            discussion: """
                A path, or postgres://user@host/database, with ?schema=name if not in the schema millrace; the \
                password comes from PGPASSWORD or ~/.pgpass. Without it: MILLRACE_STORE, else millrace/millrace.db \
                in XDG_DATA_HOME or ~/.local/share.
                """,
            valueName: "place"))
    var store: String?

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

    /// Whether the option names a database.
    var isDatabase: Bool { store.map { (try? StoreLocation($0))?.path == nil } ?? false }

    /// The location that was given, or the standard one.
    func location() throws(StoreError) -> StoreLocation {
        if let store { return try StoreLocation(store) }
        return try .standard()
    }

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
