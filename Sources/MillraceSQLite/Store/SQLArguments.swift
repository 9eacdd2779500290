internal import Foundation
internal import GRDB
internal import MillraceCore

extension Identifier {
    /// The identifier as stored.
    var sql: String { description }
}

extension Database {
    /// Runs a statement that is prepared once a connection, and reads its rows.
    func rows<Value>(
        _ sql: String, _ arguments: StatementArguments, _ read: (inout RowReader) throws -> Value
    ) throws -> [Value] {
        let cursor = try Row.fetchCursor(cachedStatement(sql: sql), arguments: arguments)
        var values: [Value] = []
        while let row = try cursor.next() {
            var reader = RowReader(row)
            values.append(try read(&reader))
        }
        return values
    }

    /// Runs a statement that returns no rows.
    ///
    /// - Returns: the number of rows changed.
    @discardableResult
    func run(_ sql: String, _ arguments: StatementArguments) throws -> Int {
        try cachedStatement(sql: sql).execute(arguments: arguments)
        return changesCount
    }
}

/// A value as JSON in one argument; a list is read in SQL by `json_each`, so one statement text serves every length.
///
/// - Throws: `invalid` for what no store can keep: NUL in a string, a number that is not finite.
func json(_ value: some Encodable) throws -> String {
    do throws(InvalidValue) {
        return try JSONText(encoding: value).text
    } catch {
        throw StoreError(.invalid, "the store cannot keep this value: \(error)", cause: error)
    }
}
