internal import CBareLibPQ

/// A connection as libpq's manual uses it: each call waits for the server, and rows stay where libpq has put them.
final class BareConnection {
    /// What a statement is given.
    enum Value {
        case null
        /// As the server reads it.
        case text(String)
        /// As the server holds it.
        case binary([UInt8])
    }

    /// The rows of one statement, in binary.
    final class Rows {
        private let result: OpaquePointer

        fileprivate init(_ result: OpaquePointer) {
            self.result = result
        }

        deinit {
            PQclear(result)
        }

        var count: Int { Int(PQntuples(result)) }

        func bytes(_ row: Int, _ column: Int) -> UnsafeRawBufferPointer {
            let length = PQgetlength(result, Int32(row), Int32(column))
            return UnsafeRawBufferPointer(start: PQgetvalue(result, Int32(row), Int32(column)), count: Int(length))
        }
    }

    private let connection: OpaquePointer

    /// Connects, and prepares statements by name.
    init(_ url: String, statements: [String: String]) throws(LimitFailure) {
        guard let connection = PQconnectdb(url) else { throw LimitFailure("libpq has no memory left") }
        self.connection = connection
        guard PQstatus(connection) == CONNECTION_OK else { throw failure() }
        _ = try rows(PQexec(connection, Self.planning))
        for (name, sql) in statements {
            _ = try rows(PQprepare(connection, name, sql, 0, nil))
        }
    }

    /// Plans as the store's own connections make them: once, for a table that is large.
    private static let planning =
        "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET jit = off"

    deinit {
        PQfinish(connection)
    }

    /// Runs a statement that was prepared.
    func run(_ statement: String, _ values: [Value]) throws(LimitFailure) -> Rows {
        // One buffer for all values: their places are taken when it has stopped growing.
        var buffer: [UInt8] = []
        var starts: [Int?] = []
        var lengths: [Int32] = []
        var formats: [Int32] = []
        for value in values {
            let start = buffer.count
            switch value {
            case .null:
                starts.append(nil)
                formats.append(0)
            case .text(let text):
                buffer += text.utf8
                starts.append(start)
                formats.append(0)
            case .binary(let bytes):
                buffer += bytes
                starts.append(start)
                formats.append(1)
            }
            lengths.append(Int32(buffer.count - start))
            buffer.append(0)
        }
        let result = buffer.withUnsafeBytes { buffer in
            let places = starts.map { start in
                start.flatMap { buffer.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
            }
            return PQexecPrepared(connection, statement, Int32(values.count), places, lengths, formats, 1)
        }
        return try rows(result)
    }

    private func rows(_ result: OpaquePointer?) throws(LimitFailure) -> Rows {
        guard let result else { throw failure() }
        let rows = Rows(result)
        let status = PQresultStatus(result)
        guard status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK else { throw failure() }
        return rows
    }

    private func failure() -> LimitFailure {
        LimitFailure(PQerrorMessage(connection).map { String(cString: $0) } ?? "libpq failed")
    }
}
