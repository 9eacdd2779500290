/// The statements that a session has prepared.
struct StatementCache {
    private struct Entry {
        let name: String
        let types: [UInt32]
    }

    /// More than any program of Millrace has; one that makes up texts without end must not fill the server.
    static let capacity = 500

    private var entries: [String: Entry] = [:]
    /// What the server holds, those included that were replaced or forgotten.
    private var preparedCount = 0
    private var lastNumber = 0

    var isFull: Bool { preparedCount >= Self.capacity }

    /// The name of a statement prepared for parameters of such types; NULL fits all of them.
    func name(of sql: String, for types: [UInt32]) -> String? {
        guard let entry = entries[sql], entry.types.count == types.count else { return nil }
        for index in types.indices where types[index] != entry.types[index] && types[index] != 0 { return nil }
        return entry.name
    }

    /// The types to prepare a statement for, now that it has parameters of `types`: what those that are NULL were
    /// before is kept, or two calls with NULL in turns would never fit one another.
    func types(of sql: String, with types: [UInt32]) -> [UInt32] {
        guard let known = entries[sql]?.types, known.count == types.count else { return types }
        return zip(known, types).map { known, new in new != 0 ? new : known }
    }

    /// The name for a statement to be prepared.
    mutating func makeName() -> String {
        lastNumber += 1
        return "m\(lastNumber)"
    }

    /// Notes that a statement was prepared.
    mutating func add(_ sql: String, name: String, types: [UInt32]) {
        entries[sql] = Entry(name: name, types: types)
        preparedCount += 1
    }

    /// Has a statement prepared anew the next time.
    mutating func forget(_ sql: String) {
        entries[sql] = nil
    }

    /// Has all of them prepared anew; what the server holds of them is not known.
    mutating func forgetAll() {
        entries = [:]
    }

    /// Notes that the server holds none any more.
    mutating func removeAll() {
        entries = [:]
        preparedCount = 0
    }
}
