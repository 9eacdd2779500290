/// One row on its way into a table, as its columns are written in the order of the `COPY`.
public struct CopyRow {
    var buffer = ByteBuffer()
    private var start = 0
    private var columns: Int16 = 0

    /// Writes the next column.
    public mutating func append(_ value: PostgresParameter) {
        columns += 1
        let start = buffer.count
        buffer.append(Int32(-1))
        if buffer.append(value) { buffer.replace(at: start, with: Int32(buffer.count - start - 4)) }
    }

    mutating func begin() {
        start = buffer.count
        columns = 0
        buffer.append(Int16(0))
    }

    /// Ends the row; the number of its columns stands before them.
    mutating func end() {
        buffer.replace(at: start, with: columns)
    }

    /// Takes back a row that was begun.
    mutating func abandon() {
        buffer.truncate(to: start)
    }
}
