internal import CLibPQ

/// One answer of the server, in the memory that libpq gave it.
final class ResultStorage: Sendable {
    // SAFETY: a PGresult is never changed once libpq has handed it over, and it is freed when nobody can read it.
    nonisolated(unsafe) let result: OpaquePointer
    let rowCount: Int
    let columnCount: Int

    init(_ result: OpaquePointer) {
        self.result = result
        rowCount = Int(PQntuples(result))
        columnCount = Int(PQnfields(result))
    }

    deinit {
        PQclear(result)
    }

    var columnNames: [String] {
        (0..<columnCount).map { PQfname(result, Int32($0)).map { String(cString: $0) } ?? "" }
    }

    /// How many rows the statement changed or returned; 0 for those that count none.
    var affectedRows: Int {
        guard let text = PQcmdTuples(result), text.pointee != 0 else { return 0 }
        return Int(String(cString: text)) ?? 0
    }

    /// What was done, as `COMMIT`.
    var commandTag: String {
        PQcmdStatus(result).map { String(cString: $0) } ?? ""
    }

    func type(ofColumn column: Int) -> PostgresType {
        PostgresType(rawValue: PQftype(result, Int32(column)))
    }

    /// The bytes of a value, which live as long as this object; `nil` for NULL.
    func bytes(row: Int, column: Int) -> UnsafeRawBufferPointer? {
        let (row, column) = (Int32(row), Int32(column))
        let length = Int(PQgetlength(result, row, column))
        if length == 0, PQgetisnull(result, row, column) != 0 { return nil }
        return UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: length)
    }
}
