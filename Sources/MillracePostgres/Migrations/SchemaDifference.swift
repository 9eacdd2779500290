/// Something in a schema that is not as the program made it.
public struct SchemaDifference: Hashable, Sendable, CustomStringConvertible {
    /// What kind of thing differs.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        /// A table, or what has the name of one.
        case table
        /// A column of a table.
        case column
        /// A condition or a key of a table.
        case constraint
        /// An index of a table.
        case index
        /// A trigger of a table.
        case trigger
        /// A rule that rewrites statements on a table.
        case rule
        /// A function.
        case function

        var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }
    }

    /// What kind of thing differs.
    public let kind: Kind
    /// The table that it belongs to; `nil` for functions.
    public let table: String?
    /// Its name.
    public let name: String
    /// What is wrong with it.
    public let problem: String

    /// Thing and problem, in one line.
    public var description: String {
        switch (kind, table) {
        case (.column, let table?): "column \(table).\(name) \(problem)"
        case (.table, _), (_, nil): "\(kind.rawValue) \(name) \(problem)"
        case (_, let table?): "\(kind.rawValue) \(name) of table \(table) \(problem)"
        }
    }

    /// Compares two schemas, in the order of tables.
    static func all(in actual: SchemaDescription, from wanted: SchemaDescription) -> [SchemaDifference] {
        let items = Set(actual.items.keys).union(wanted.items.keys).sorted()
        return items.flatMap { item -> [SchemaDifference] in
            // Of a table that is not there, or not ours, nothing more need be said.
            if item.kind != .table, let table = item.table {
                let whole = SchemaDescription.Item(kind: .table, table: table, name: table)
                guard actual.items[whole] != nil, wanted.items[whole] != nil else { return [] }
            }
            return problems(found: actual.items[item], wanted: wanted.items[item]).map { problem in
                SchemaDifference(kind: item.kind, table: item.table, name: item.name, problem: problem)
            }
        }
    }

    private static func problems(found: [String: String]?, wanted: [String: String]?) -> [String] {
        guard let wanted else { return ["is not one of Millrace's"] }
        guard let found else { return ["is missing"] }
        return wanted.keys.sorted().filter { found[$0] != wanted[$0] }.map { property in
            // The text of a function is too long for a line.
            if property == "body" { return "has another body" }
            return "has the \(property) \(found[property] ?? "none") instead of \(wanted[property] ?? "none")"
        }
    }
}
