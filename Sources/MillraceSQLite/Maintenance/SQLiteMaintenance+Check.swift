internal import GRDB
public import MillraceCore

extension SQLiteMaintenance {
    /// Looks for everything that is wrong in the store: in the file, in its rows, and between them.
    ///
    /// Reads one state of a store that others may go on writing to. With `repair` it mends what follows from what is
    /// stored (indexes, counters, merges that are missing), by the same code as a worker's sweep, and nothing in a file
    /// that is damaged otherwise. Each is mended in a transaction of its own, so that workers get in between.
    ///
    /// - Returns: what is or was wrong, each with its remedy; none for a store that is whole.
    /// - Throws: when the file is not a store at all.
    public func check(repair: Bool = false) async throws(StoreError) -> [StoreFinding] {
        let examination = try await examine()
        let before = examination.findings
        guard repair, before.contains(where: { $0.remedy == .mendable }) else { return before }
        guard !before.contains(where: { $0.kind == .damage }) else {
            return before.map { StoreFinding($0.kind, $0.subject, $0.message, remedy: .none) }
        }
        try await mend(examination)
        let after = Set(try await examine().findings)
        return before.map { finding in
            var finding = finding
            if finding.remedy == .mendable, !after.contains(finding) { finding.remedy = .mended }
            return finding
        }
    }

    /// What a look at one state of the store has found.
    private struct Examination: Sendable {
        var findings: [StoreFinding]
        /// Whether an index does not agree with its table.
        var isIndexWrong = false
        /// The rules that found what they can mend, in the order of mending.
        var broken: [StoreRule] = []
    }

    /// Looks without the lock that writers need.
    private func examine() async throws(StoreError) -> Examination {
        try await FileWork.run(on: path) { [path] cancellation in
            do {
                return try StoreSource.read(path) { db in
                    let damage = try Self.damage(in: db)
                    var examination = Examination(findings: damage, isIndexWrong: !damage.isEmpty)
                    // Of a file with damaged pages only the sound ones can tell anything, and nobody knows which.
                    if damage.allSatisfy({ $0.kind != .damage }) {
                        try Self.examine(db, path, into: &examination, cancellation)
                    }
                    return examination
                }
            } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
                return Examination(findings: [Self.unreadable])
            }
        }
    }

    private static func examine(
        _ db: Database, _ path: String, into examination: inout Examination, _ cancellation: FileWork.Cancellation
    ) throws {
        let version = try StoreSource.version(of: db, path)
        examination.findings += try SchemaCheck.findings(in: db, version: version)
        guard examination.findings.allSatisfy({ $0.kind != .damage }) else { return }
        for rule in StoreRule.all {
            try cancellation.check()
            do {
                let findings = try rule.findings(in: db)
                examination.findings += findings
                if rule.mend != nil, !findings.isEmpty { examination.broken.append(rule) }
            } catch let error as InvalidValue {
                // The rules about values name it, unless it is of a kind that they do not know.
                examination.findings.append(
                    StoreFinding(.value, "a row", "cannot be read: \(error); restore a backup", remedy: .none))
            }
        }
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

    /// Mends one thing a transaction, by what was found without the lock.
    private func mend(_ found: Examination) async throws(StoreError) {
        let store = try await open()
        var examination = found
        if found.findings.contains(where: { $0.kind == .index }) {
            try await mendSchema(of: store, withIndexes: found.isIndexWrong)
            // What a wrong index hid and a missing trigger did not count shows now.
            examination = try await examine()
        }
        let clock = clock
        for rule in examination.broken {
            do throws(StoreError) {
                try await store.write { db in try rule.mend?(store, db, clock.now()) }
            } catch  where error.cause is InvalidValue {
                // A row that cannot be read keeps this rule from mending, and no other.
                continue
            }
        }
    }

    private func mendSchema(of store: SQLiteStore, withIndexes: Bool) async throws(StoreError) {
        try await store.write { db in try SchemaCheck.makeMissing(in: db) }
        guard withIndexes else { return }
        for index in try await store.read({ db in try SchemaCheck.indexes(of: db) }) {
            try await store.write { db in try SchemaCheck.makeAnew(index, in: db) }
        }
    }
}
