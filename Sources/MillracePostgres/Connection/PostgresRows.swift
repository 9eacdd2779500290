/// The rows that a statement returned, in the server's order, read straight from the memory in which they came.
public struct PostgresRows: Sendable, RandomAccessCollection {
    let storage: ResultStorage

    init(_ storage: ResultStorage) {
        self.storage = storage
    }

    /// Always 0.
    public var startIndex: Int { 0 }
    /// The number of rows.
    public var endIndex: Int { storage.rowCount }

    /// The row at a position.
    public subscript(position: Int) -> PostgresRow {
        precondition(position >= 0 && position < storage.rowCount, "row \(position) of \(storage.rowCount)")
        return PostgresRow(storage: storage, index: position)
    }

    /// The names of the columns, in order.
    public var columnNames: [String] { storage.columnNames }

    /// How many rows the statement changed or, when it changes none, returned.
    public var affectedRows: Int { storage.affectedRows }
}
