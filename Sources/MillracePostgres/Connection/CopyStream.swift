/// A COPY under way: gathers rows, sends them in pieces, and waits whenever the server does not take them.
struct CopyStream {
    /// Rows are sent when they are so many bytes.
    private static let pieceSize = 1 << 16

    private let runner: StatementRunner
    private let id: UInt64
    private var row = CopyRow()
    private var count = 0
    private var isOver = false

    init(_ sql: String, _ runner: StatementRunner) async throws(PostgresError) {
        if Task.isCancelled { throw .cancelledTask }
        self.runner = runner
        let (id, first) = await runner.session.start(
            .script(sql), timeout: runner.session.configuration.statementTimeout)
        self.id = id
        switch await runner.next(id, after: first) {
        case .copyReady: break
        case .failed(let failure): throw failure.error
        case .done: throw PostgresError(.misuse, "copyIn takes a COPY … FROM STDIN (FORMAT binary)")
        case .mustPrepare, .isFull, .sent, .silent: throw PostgresError(.misuse, "no statement was sent")
        }
        // The signature, no flags, no extension.
        row.buffer.append([0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0x00])
        row.buffer.append(Int64(0))
    }

    /// Adds a row; when `write` throws, the row is as if it had not begun.
    mutating func add(_ write: (inout CopyRow) throws -> Void) async throws {
        row.begin()
        try write(&row)
        row.end()
        count += 1
        if row.buffer.count >= Self.pieceSize { try await send() }
    }

    /// Sends what is left, and returns how many rows were stored.
    mutating func end() async throws(PostgresError) -> Int {
        row.buffer.append(Int16(-1))
        try await send()
        isOver = true
        runner.session.endCopy(id)
        let result = try await finish(shielded: false)
        return result.affectedRows
    }

    /// Gives all rows up.
    mutating func abandon() async {
        guard !isOver else { return }
        isOver = true
        runner.session.endCopy(id, refusal: "the rows were given up")
        _ = try? await finish(shielded: true)
    }

    private mutating func send() async throws(PostgresError) {
        if Task.isCancelled { throw .cancelledTask }
        guard runner.session.put(row.buffer, id) else { return try await failed() }
        row.buffer.removeAll()
        switch await runner.next(id, after: runner.session.next(id)) {
        case .sent: break
        case .done: isOver = true
        case .failed(let failure):
            isOver = true
            throw failure.error
        case .mustPrepare, .isFull, .copyReady, .silent: throw PostgresError(.misuse, "no rows were sent")
        }
    }

    /// Why rows could not be taken.
    private mutating func failed() async throws(PostgresError) {
        isOver = true
        runner.session.endCopy(id, refusal: "the rows could not be sent")
        _ = try await finish(shielded: true)
        throw PostgresError(.connectionLost, "the rows could not be sent")
    }

    private func finish(shielded: Bool) async throws(PostgresError) -> ResultStorage {
        switch await runner.next(id, after: runner.session.next(id, shielded: shielded), shielded: shielded) {
        case .done(let result): return result
        case .failed(let failure): throw failure.error
        case .mustPrepare, .isFull, .copyReady, .sent, .silent: throw PostgresError(.misuse, "the rows have no end")
        }
    }
}
