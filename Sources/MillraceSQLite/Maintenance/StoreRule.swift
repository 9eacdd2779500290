internal import GRDB
internal import MillraceCore

/// One thing that must hold in every store, and how to mend where it does not.
struct StoreRule: Sendable {
    /// More of one kind tell nothing new, and a damaged store may have a million.
    private static let limit = 100

    /// What a rule finds: the subject, and the rest of the sentence.
    typealias Complaint = (subject: String, message: String)

    /// Mends all that a rule finds.
    typealias Mending = @Sendable (SQLiteStore, Database, Timestamp) throws -> Void

    let kind: StoreFinding.Kind
    /// `nil` when nothing stored says how.
    let mend: Mending?
    private let find: @Sendable (Database) throws -> [Complaint]

    init(
        _ kind: StoreFinding.Kind, find: @escaping @Sendable (Database) throws -> [Complaint],
        mend: Mending? = nil
    ) {
        self.kind = kind
        self.find = find
        self.mend = mend
    }

    /// Finds by a statement that selects the subject and the rest of the sentence, and mends by another.
    init(_ kind: StoreFinding.Kind, _ sql: String, mendBy statement: String? = nil) {
        var mend: Mending?
        if let statement {
            mend = { (_, db, now) in
                try db.run(statement, statement.contains(":now") ? ["now": now.microseconds] : [])
            }
        }
        self.init(
            kind,
            find: { (db) throws -> [Complaint] in
                try db.rows("\(sql) LIMIT \(Self.limit + 1)", []) { row -> Complaint in
                    (subject: try row.value(String.self), message: try row.value(String.self))
                }
            }, mend: mend)
    }

    func findings(in db: Database) throws -> [StoreFinding] {
        let remedy: StoreFinding.Remedy = mend == nil ? .none : .mendable
        let complaints = try find(db)
        var findings = complaints.prefix(Self.limit).map {
            StoreFinding(kind, $0.subject, $0.message, remedy: remedy)
        }
        if complaints.count > Self.limit {
            findings.append(StoreFinding(kind, "more", "of the same is left out here", remedy: remedy))
        }
        return findings
    }
}
