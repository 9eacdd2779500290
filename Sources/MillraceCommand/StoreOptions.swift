internal import ArgumentParser
internal import Millrace

/// The option that names the store.
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

    /// Whether the option names a database.
    var isDatabase: Bool { store.map { (try? StoreLocation($0))?.path == nil } ?? false }

    /// The location that was given, or the standard one.
    func location() throws(StoreError) -> StoreLocation {
        if let store { return try StoreLocation(store) }
        return try .standard()
    }
}
