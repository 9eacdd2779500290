import Foundation
import GRDB
import MillraceSQLite
import Testing

/// `docs/specification.md` says of everything where it is and what proves it; that stays true only if it is read.
@Suite("The page about the source specification")
struct SpecificationTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../..").standardized

    /// The page, with its lines joined.
    private let page: String

    init() throws {
        page = try String(contentsOf: Self.root.appendingPathComponent("docs/specification.md"), encoding: .utf8)
            .replacing("\n", with: " ")
    }

    /// The text of the files called so: of tests, or of the rules of the contract suites. Two targets may have tests of one
    /// name.
    private func texts(in folder: String, named name: String? = nil) throws -> [String] {
        let found = FileManager.default.enumerator(
            at: Self.root.appendingPathComponent(folder), includingPropertiesForKeys: nil)
        return try #require(found).compactMap { $0 as? URL }
            .filter { $0.pathExtension == "swift" && (name ?? $0.lastPathComponent) == $0.lastPathComponent }
            .map { try String(contentsOf: $0, encoding: .utf8) }
    }

    @Test("names tests and rules that there are")
    func names() throws {
        let rules = try texts(in: "Sources/MillraceTesting/Contracts")
        let named = page.matches(of: /`(\w+(?:Tests|Contract))`(?: "[^"]+"[,;]?)*/)
        #expect(named.count > 100)
        for match in named {
            let owner = String(match.output.1)
            let homes = owner.hasSuffix("Contract") ? rules : try texts(in: "Tests", named: owner + ".swift")
            #expect(!homes.isEmpty, "there is no \(owner)")
            for part in match.output.0.split(separator: "\"").dropFirst() where part.contains(/\w/) {
                let isThere = homes.contains { $0.contains("\"\(part)\"") || $0.contains("`\(part)`") }
                #expect(isThere, "\(owner) has nothing called: \(part)")
            }
        }
    }

    @Test("names every table, column and index of the store")
    func schema() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("millrace-page-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let store = try SQLiteStore(path: folder.appendingPathComponent("m.db").path)
        let (columns, indexes) = try await DatabaseQueue(path: store.path).read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
            let columns = try tables.flatMap { table in try db.columns(in: table).map { (table, $0.name) } }
            let indexes = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_master WHERE type = 'index' AND name NOT LIKE 'sqlite_%'")
            return (columns, indexes)
        }
        #expect(columns.count > 80 && indexes.count > 10)
        for (table, column) in columns {
            // Either in a row of its own or in the list of a table that only we have.
            let list = page.firstMatch(of: try Regex("`\(table)` \\(([^)]*)\\)"))?.output[1].substring ?? ""
            #expect(page.contains("\(table).\(column)`") || list.contains("`\(column)`"), "\(table).\(column)")
        }
        for index in indexes { #expect(page.contains("`\(index)`"), "\(index)") }
    }
}
