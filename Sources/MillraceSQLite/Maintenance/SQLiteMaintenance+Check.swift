internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Looks for everything that is wrong in the store: in the file, in its rows, and between them.
    ///
    /// Reads one state of a store that others may go on writing to. With `repair` it mends what follows from what is
    /// stored (indexes, counters, merges that are missing), by the same code as a worker's sweep, and nothing in a file
    /// that is damaged otherwise.
    ///
    /// - Returns: what is or was wrong, each with its remedy; none for a store that is whole.
    /// - Throws: when the file is not a store at all.
    public func check(repair: Bool = false) async throws(StoreError) -> [StoreFinding] {
        let before = try await findings()
        guard repair, before.contains(where: { $0.remedy == .mendable }) else { return before }
        guard !before.contains(where: { $0.kind == .damage }) else {
            return before.map { StoreFinding($0.kind, $0.subject, $0.message, remedy: .none) }
        }
        try await mend()
        let after = Set(try await findings())
        return before.map { finding in
            var finding = finding
            if finding.remedy == .mendable, !after.contains(finding) { finding.remedy = .mended }
            return finding
        }
    }

    private func findings() async throws(StoreError) -> [StoreFinding] {
        try await FileWork.run(on: path) { [path] cancellation in
            do {
                return try StoreSource.read(path) { db in
                    let damage = try Self.damage(in: db)
                    let isReadable = !damage.contains { $0.kind == .damage }
                    // Of a file with damaged pages only the sound ones can tell anything, and nobody knows which.
                    return isReadable ? damage + (try Self.findings(in: db, path, cancellation)) : damage
                }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                return [Self.unreadable]
            }
        }
    }

    private static func findings(
        in db: Database, _ path: String, _ cancellation: FileWork.Cancellation
    ) throws -> [StoreFinding] {
        let version = try StoreSource.version(of: db, path)
        var findings = try SchemaCheck.findings(in: db, version: version)
        guard findings.allSatisfy({ $0.kind != .damage }) else { return findings }
        for rule in StoreRule.all {
            try cancellation.check()
            do {
                findings += try rule.findings(in: db)
            } catch let error as InvalidValue {
                // The rules about values name it, unless it is of a kind that they do not know.
                findings.append(
                    StoreFinding(.value, "a row", "cannot be read: \(error); restore a backup", remedy: .none))
            }
        }
        return findings
    }

    private static func damage(in db: Database) throws -> [StoreFinding] {
        try StoreSource.integrityComplaints(in: db, limit: 100).map { complaint in
            // Indexes follow from their tables.
            let isIndex = complaint.contains("missing from index") || complaint.contains("entries in index")
            return isIndex
                ? StoreFinding(.index, "the file", "disagrees with an index: \(complaint)", remedy: .mendable)
                : StoreFinding(.damage, "the file", "is damaged: \(complaint)", remedy: .none)
        }
    }

    private static let unreadable = StoreFinding(
        .damage, "the file", "is damaged: a part of it cannot be read", remedy: .none)

    private func mend() async throws(StoreError) {
        let store = try await open()
        let clock = clock
        try await store.write { db in
            try SchemaCheck.mend(in: db)
            for rule in StoreRule.all where try !rule.findings(in: db).isEmpty {
                try rule.mend?(store, db, clock.now())
            }
        }
    }
}
