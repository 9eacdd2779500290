/// The statements that a session has prepared.
struct StatementCache {
    private struct Entry {
        let name: String
        let types: [UInt32]
    }

    /// More than any program of Millrace has; one that makes up texts without end must not fill the server.
    static let capacity = 500

    private var entries: [String: Entry] = [:]
    private var lastNumber = 0

    var isFull: Bool { entries.count >= Self.capacity }

    /// The name of a statement prepared for parameters of such types; NULL fits all of them.
    func name(of sql: String, for types: [UInt32]) -> String? {
        guard let entry = entries[sql], entry.types.count == types.count else { return nil }
        for index in types.indices where types[index] != entry.types[index] && types[index] != 0 { return nil }
        return entry.name
    }

    /// The name for a statement to be prepared.
    mutating func makeName() -> String {
        lastNumber += 1
        return "m\(lastNumber)"
    }

    /// Notes that a statement was prepared; returns the name of the one that it replaces.
    mutating func add(_ sql: String, name: String, types: [UInt32]) -> String? {
        entries.updateValue(Entry(name: name, types: types), forKey: sql)?.name
    }

    mutating func forget(_ sql: String) {
        entries[sql] = nil
    }

    mutating func removeAll() {
        entries = [:]
    }
}
