internal import ArgumentParser
internal import Millrace

/// The option that names the store.
struct StoreOptions: ParsableArguments {
    @Option(
        name: .long,
        help: ArgumentHelp(
            "The file in which everything is kept.",
            discussion: """
                Without it: MILLRACE_STORE, else millrace/millrace.db in XDG_DATA_HOME or ~/.local/share.
                """,
            valueName: "path"))
    var store: String?

    /// The location that was given, or the standard one.
    func location() throws(StoreError) -> StoreLocation {
        if let store { return try StoreLocation(store) }
        return try .standard()
    }
}
