import Foundation
import Testing

@Suite(.bounded) struct StoreChoiceTests {
    /// Where the store is made, by what a user sets. `~` stands for the home folder of the test.
    struct Choice: Sendable, CustomTestStringConvertible {
        let option: String?
        let variable: String?
        let dataHome: String?
        let store: String

        var testDescription: String { store }
    }

    @Test(arguments: [
        Choice(option: "~/by-option.db", variable: "~/by-variable.db", dataHome: "~/data", store: "by-option.db"),
        Choice(option: "'~/by-home.db'", variable: nil, dataHome: nil, store: "by-home.db"),
        Choice(option: "relative.db", variable: nil, dataHome: nil, store: "relative.db"),
        Choice(option: "sqlite://~/by-url.db", variable: nil, dataHome: nil, store: "by-url.db"),
        Choice(option: nil, variable: "~/new/by-variable.db", dataHome: "~/data", store: "new/by-variable.db"),
        Choice(option: nil, variable: nil, dataHome: "~/data", store: "data/millrace/millrace.db"),
        Choice(option: nil, variable: "", dataHome: "not/absolute", store: ".local/share/millrace/millrace.db"),
        Choice(option: nil, variable: nil, dataHome: nil, store: ".local/share/millrace/millrace.db"),
    ])
    func `the option comes before MILLRACE_STORE, that before the data folder`(choice: Choice) async throws {
        try await Workplace.with { place in
            // In quotes it is left to the program to know the home folder.
            func there(_ path: String?) -> String? {
                path?.hasPrefix("'") == true
                    ? path?.replacing("'", with: "") : path?.replacing("~", with: place.folder)
            }
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.run(
                Program.path,
                ["transcribe", file, "--command", "cksum"] + (there(choice.option).map { ["--store", $0] } ?? []),
                environment: [
                    "MILLRACE_STORE": there(choice.variable), "XDG_DATA_HOME": there(choice.dataHome),
                ])
            #expect(end.status == 0, "\(end.errors)")
            let stores = FileManager.default.subpaths(atPath: place.folder)?.filter { $0.hasSuffix(".db") }
            #expect(stores == [choice.store])
        }
    }

    @Test func `the files of the store are closed to other users, in use and afterwards`() async throws {
        try await Workplace.with { place in
            let engine = try EngineScript(in: place, before: "ls -l \(place.folder)/data > \(place.path("seen"))")
            let file = try Recordings.bursts(1, in: place)
            let end = try await place.run(
                Program.path, ["transcribe", file, "--store", place.path("data/store.db")] + engine.options)
            #expect(end.status == 0, "\(end.errors)")
            let seen = try place.text("seen").split(separator: "\n").filter { $0.contains("store.db") }
            // The file, what SQLite has beside it, and a folder, which may be there a moment later.
            #expect(seen.count { $0.hasPrefix("-rw-------") } == 3, "\(seen)")
            #expect(seen.allSatisfy { $0.hasPrefix("-rw-------") || $0.hasPrefix("drwx------") }, "\(seen)")
            func mode(_ name: String) throws -> Int? {
                try FileManager.default.attributesOfItem(atPath: place.path(name))[.posixPermissions] as? Int
            }
            #expect(try mode("data/store.db") == 0o600)
            #expect(try mode("data") == 0o700 && mode("data/store.db-metrics") == 0o700)
        }
    }
}
