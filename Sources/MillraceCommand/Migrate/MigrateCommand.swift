internal import ArgumentParser
internal import Millrace

/// `millrace migrate`.
struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Bring the tables of a store up to date, or look whether they are.",
        discussion: """
            Every program that opens a store does this by itself; do it by hand before the programs start when their \
            user may not change tables. Only missing steps are applied, each whole or not at all, and by one of those \
            that start together.

            A step says which older programs can go on working after it; the others refuse the store, in one line.

            Exit status: 0 when the tables are up to date; with --check 1 when a step is missing or something differs.
            """)

    @OptionGroup var store: MaintainedStore

    @Flag(help: "Change nothing; print what differs from what the tables should be, a line each.")
    var check = false

    @Flag(
        help: ArgumentHelp(
            "Change nothing; print the missing steps as a script for psql (PostgreSQL only)."))
    var printSql = false

    func validate() throws {
        guard !(check && printSql) else { throw ValidationError("choose one of --check and --print-sql") }
    }

    func run() async throws {
        try await store.maintain { [check, printSql] maintenance, console in
            let schema = StoreSchema(store: maintenance.location)
            if check { return try await Self.check(schema, console) }
            if printSql {
                FileDescriptor.standardOutput.writeAll(try await schema.script())
                return .done
            }
            let before = try await schema.version()
            try await schema.migrate()
            let after = try await schema.version()
            console.note(
                before == after
                    ? "\(schema.location) is up to date (schema version \(after))."
                    : "\(schema.location) now has schema version \(after)\(before == 0 ? "" : ", before \(before)").")
            return .done
        }
    }

    private static func check(_ schema: StoreSchema, _ console: Console) async throws -> ProgramExit {
        let version = try await schema.version()
        let differences = version == 0 ? [] : try await schema.differences()
        for difference in differences {
            guard FileDescriptor.standardOutput.writeAll(OneLine.of(difference) + "\n") else { break }
        }
        let newest = schema.newestVersion
        let isSound = version >= newest && differences.isEmpty
        let state =
            switch version {
            case 0: "there is no store yet; millrace migrate makes one"
            case ..<newest: "schema version \(version), this program makes \(newest); run millrace migrate"
            case newest: "schema version \(version), up to date"
            default: "schema version \(version), newer than this program's \(newest), which can work with it"
            }
        let count = differences.count
        let drift =
            version == 0
            ? "" : count == 0 ? "; nothing differs" : "; \(count) \(count == 1 ? "thing differs" : "things differ")"
        console.note("\(schema.location): \(state)\(drift).")
        return isSound ? .done : .failed
    }
}
