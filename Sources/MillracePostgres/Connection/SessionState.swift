internal import CLibPQ

/// What a session knows, behind its mutex: libpq's connection, and the exchange that is under way.
///
/// Its methods never wait. What they return is to be done after the mutex is free: resuming a caller, starting a thread.
struct SessionState: ~Copyable {
    enum Action {
        case nothing
        case resume(UnsafeContinuation<ExchangeEvent, Never>, ExchangeEvent)
        /// Start a thread that cancels the exchange of this number.
        case cancel(UInt64)
    }

    /// `nil` once the session is closed.
    private(set) var connection: OpaquePointer?
    private(set) var failure: PostgresError?
    private(set) var exchange: Exchange?
    var statements = StatementCache()
    var notifications = NotificationHub()
    /// When the last exchange was answered.
    private(set) var lastUsed: Int64 = 0
    /// When the server was last heard, whatever it said.
    private(set) var lastInput: Int64 = 0
    private(set) var waitsToWrite = false
    /// Whether the loop knows of that.
    var isWatchedForWriting = false
    var isWatched = true
    private var parameters = ParameterBuffer()
    private var stoppedAhead: UInt64 = 0

    init(_ connection: consuming sending OpaquePointer) {
        self.connection = connection
    }

    var isInTransaction: Bool {
        guard let connection else { return false }
        return PQtransactionStatus(connection) != PQTRANS_IDLE
    }

    /// Whether it is open, and does nothing.
    var isIdle: Bool { failure == nil && exchange == nil && connection != nil && !isInTransaction }

    var isInFailedTransaction: Bool {
        guard let connection else { return false }
        return PQtransactionStatus(connection) == PQTRANS_INERROR
    }

    /// The socket, as long as libpq has it open.
    var socket: Int32? {
        guard let connection else { return nil }
        let socket = PQsocket(connection)
        return socket >= 0 ? socket : nil
    }

    /// Frees libpq's connection. The caller has taken the socket out of the loop.
    mutating func finish() {
        if let connection { PQfinish(connection) }
        connection = nil
    }

    // MARK: Beginning

    /// Sends a request; the event when it is answered at once, as by an error.
    mutating func begin(
        _ request: Request, id: UInt64, now: Int64, deadline: Int64,
        waiter: UnsafeContinuation<ExchangeEvent, Never>
    ) -> ExchangeEvent? {
        guard let connection, failure == nil else { return .failed(Failure(failureNow(mayHaveRun: false))) }
        guard exchange == nil else {
            return .failed(Failure(PostgresError(.misuse, "a statement is still under way on this connection")))
        }
        if stoppedAhead == id { return .failed(Failure(.cancelledTask)) }
        var new = Exchange(
            id: id, waiter: waiter, deadline: deadline, lastHeard: now, silentAt: now + SessionTimes.silence)
        let sent: Int32
        switch request {
        case .statement(let sql, let values, let prepared):
            parameters.encode(values)
            defer { parameters.shrink() }
            if prepared {
                guard let name = statements.name(of: sql, for: parameters.types) else {
                    let types = statements.types(of: sql, with: parameters.types)
                    return statements.isFull ? .isFull : .mustPrepare(types: types)
                }
                sent = parameters.withPointers { count, values, lengths, formats in
                    PQsendQueryPrepared(connection, name, count, values, lengths, formats, 1)
                }
            } else {
                let types = parameters.types
                sent = parameters.withPointers { count, values, lengths, formats in
                    PQsendQueryParams(connection, sql, count, types, values, lengths, formats, 1)
                }
            }
        case .preparation(let sql, let types):
            let name = statements.makeName()
            new.preparation = Preparation(name: name, sql: sql, types: types)
            sent = PQsendPrepare(connection, name, sql, Int32(types.count), types)
        case .script(let sql):
            sent = PQsendQuery(connection, sql)
        }
        guard sent == 1 else {
            let reason = libpqMessage()
            if PQstatus(connection) == CONNECTION_BAD {
                failure = .lost(reason, mayHaveRun: false)
                return .failed(Failure(failureNow(mayHaveRun: false)))
            }
            return .failed(Failure(PostgresError(.misuse, "the statement could not be sent: \(reason)")))
        }
        exchange = new
        flush()
        return nil
    }

    /// Waits for the next event of an exchange that has begun; the event when it is there already.
    mutating func wait(_ id: UInt64, now: Int64, waiter: UnsafeContinuation<ExchangeEvent, Never>) -> ExchangeEvent? {
        guard var current = exchange, current.id == id else {
            return .failed(Failure(failureNow(mayHaveRun: true)))
        }
        if let ready = current.ready {
            current.ready = nil
            exchange = endsExchange(ready) ? nil : current
            return ready
        }
        if current.waitsUntilSent, !waitsToWrite {
            current.waitsUntilSent = false
            exchange = current
            return .sent
        }
        current.waiter = waiter
        current.silentAt = max(current.silentAt, now + SessionTimes.silence)
        exchange = current
        return nil
    }

    // MARK: The socket

    /// Reads all that has come and sends what waits.
    mutating func socketIsReady(forWriting: Bool, now: Int64) -> Action {
        guard let connection, failure == nil else { return .nothing }
        if forWriting { flush() }
        var looksAgain = false
        repeat {
            guard PQconsumeInput(connection) == 1 else { return breakDown(libpqMessage()) }
            lastInput = now
            guard exchange != nil else {
                // Nobody has asked: a notification, a notice, or the server's farewell.
                _ = PQisBusy(connection)
                continue
            }
            exchange?.lastHeard = now
            exchange?.silentAt = now + SessionTimes.silence
            takeResults()
            if let failure { return breakDown(failure.message) }
            // After a complete answer there is nothing more; that look at the socket is saved.
        } while exchange?.isAnswered != true && hasMore(&looksAgain)
        while let notification = PQnotifies(connection) {
            notifications.deliver(
                PostgresNotification(
                    channel: String(cString: notification.pointee.relname),
                    payload: String(cString: notification.pointee.extra), sender: notification.pointee.be_pid))
            PQfreemem(notification)
        }
        return report()
    }

    /// Whether libpq is to read again: the socket has something, or, once more after it has nothing, OpenSSL may have. It
    /// keeps what libpq had no room for of a record, and the socket says nothing of that; there is always room for it.
    private func hasMore(_ looksAgain: inout Bool) -> Bool {
        let hasInput = socket.map(Socket.hasInput) ?? true
        looksAgain = !hasInput && !looksAgain && PQsslInUse(connection) == 1
        return hasInput || looksAgain
    }

    /// Sends what libpq has not been able to send.
    mutating func flush() {
        guard let connection else { return }
        // An error shows itself at the next reading.
        waitsToWrite = PQflush(connection) == 1
    }

    private mutating func takeResults() {
        guard let connection, var current = exchange, !current.isAnswered, !current.isCopying else { return }
        while PQisBusy(connection) == 0 {
            guard let result = PQgetResult(connection) else {
                current.isAnswered = true
                break
            }
            switch PQresultStatus(result) {
            case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
                current.result = ResultStorage(result)
            case PGRES_COPY_IN:
                PQclear(result)
                current.isCopying = true
                current.ready = .copyReady
                exchange = current
                return
            case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                PQclear(result)
                exchange = current
                failure = PostgresError(.unsupported, "COPY … TO is not supported; the connection was dropped")
                return
            default:
                // The first error is the cause; what follows is its consequence.
                if current.refusal == nil { current.refusal = Failure(PostgresError(result: result)) }
                PQclear(result)
            }
        }
        exchange = current
    }

    /// What is to be said to the caller after something has changed.
    private mutating func report() -> Action {
        guard var current = exchange else { return .nothing }
        if current.isAnswered {
            // A canceller that is still on its way would strike the next statement.
            guard current.cancellers == 0 else { return .nothing }
            note(current)
            lastUsed = current.lastHeard
            current.ready = outcome(of: current)
        } else if current.waitsUntilSent, !waitsToWrite, current.waiter != nil {
            current.waitsUntilSent = false
            current.ready = .sent
        }
        guard let event = current.ready, let waiter = current.waiter else {
            exchange = current
            return .nothing
        }
        current.ready = nil
        current.waiter = nil
        exchange = endsExchange(event) ? nil : current
        return .resume(waiter, event)
    }

    private mutating func note(_ current: Exchange) {
        guard let preparation = current.preparation, current.refusal == nil else { return }
        statements.add(preparation.sql, name: preparation.name, types: preparation.types)
    }

    private func outcome(of current: Exchange) -> ExchangeEvent {
        if let refusal = current.refusal {
            guard let stop = current.stop, refusal.error.sqlState == .queryCanceled else { return .failed(refusal) }
            return .failed(Failure(stop.error(cause: refusal.error)))
        }
        guard let result = current.result else {
            return .failed(Failure(PostgresError(.connectionLost, "PostgreSQL answered without a result")))
        }
        return .done(result)
    }

    private func endsExchange(_ event: ExchangeEvent) -> Bool {
        switch event {
        case .done, .failed: true
        default: false
        }
    }

    // MARK: Copying

    /// Gives rows to libpq; `false` when the connection cannot take them, or the exchange is being stopped.
    mutating func put(_ bytes: UnsafeRawBufferPointer, id: UInt64) -> Bool {
        guard let connection, failure == nil, let current = exchange, current.id == id, current.isCopying,
            current.stop == nil
        else { return false }
        let data = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
        guard PQputCopyData(connection, data, Int32(bytes.count)) == 1 else { return false }
        flush()
        exchange?.waitsUntilSent = true
        return true
    }

    /// Ends the rows, for good or with the reason why they are given up.
    mutating func endCopy(_ id: UInt64, refusal: String?, now: Int64) {
        guard let connection, failure == nil, exchange?.id == id, exchange?.isCopying == true else { return }
        exchange?.isCopying = false
        exchange?.waitsUntilSent = false
        if refusal != nil, exchange?.stop == nil { exchange?.stop = .givenUp }
        // Only from here on can the server be waited for in vain: before, it waited for us.
        if exchange?.stop != nil {
            exchange?.nextCancel = now + SessionTimes.cancelAgain
            exchange?.giveUpAt = now + SessionTimes.giveUp
        }
        _ = PQputCopyEnd(connection, refusal)
        flush()
    }

    // MARK: Stopping

    /// Cancels an exchange, or prevents one that has not begun.
    mutating func stop(_ id: UInt64, _ reason: StopReason, now: Int64) -> Action {
        guard var current = exchange, current.id == id else {
            stoppedAhead = max(stoppedAhead, id)
            return .nothing
        }
        guard current.stop == nil, !current.isAnswered else { return .nothing }
        current.stop = reason
        current.giveUpAt = now + SessionTimes.giveUp
        current.cancellers += 1
        exchange = current
        return .cancel(id)
    }

    /// A thread has done its cancelling.
    mutating func cancelReturned(_ id: UInt64, now: Int64) -> Action {
        guard exchange?.id == id else { return .nothing }
        exchange?.cancellers -= 1
        exchange?.nextCancel = now + SessionTimes.cancelAgain
        return report()
    }

    /// Looks at the clock; returns when to look again, `max` for never.
    mutating func timeHasCome(_ now: Int64) -> (Int64, Action) {
        guard var current = exchange else { return (.max, .nothing) }
        if current.stop != nil {
            // The server is told when the caller comes with its next rows.
            if current.isCopying, current.waiter == nil { return (.max, .nothing) }
            if now >= current.giveUpAt { return (.max, giveUp(current)) }
            let isDue = now >= current.nextCancel && current.cancellers == 0 && !current.isAnswered
            if isDue {
                current.cancellers += 1
                exchange = current
                return (current.giveUpAt, .cancel(current.id))
            }
            return (min(current.giveUpAt, max(current.nextCancel, now + SessionTimes.cancelAgain)), .nothing)
        }
        if now >= current.deadline {
            let action = stop(current.id, .timedOut, now: now)
            return (now + SessionTimes.cancelAgain, action)
        }
        if now >= current.silentAt, let waiter = current.waiter {
            current.waiter = nil
            exchange = current
            return (min(current.deadline, now + SessionTimes.silence), .resume(waiter, .silent))
        }
        return (min(current.deadline, max(current.silentAt, now + SessionTimes.cancelAgain)), .nothing)
    }

    // MARK: Ending

    /// Ends with a statement that could not be cancelled, or a canceller that does not return: the server, if it is still
    /// there, notices that the connection is gone, and nothing strikes a statement that is not meant.
    private mutating func giveUp(_ current: Exchange) -> Action {
        guard current.isAnswered else { return breakDown("a statement did not end after it was cancelled") }
        failure = .lost("cancelling a statement took too long", mayHaveRun: false)
        exchange?.cancellers = 0
        return report()
    }

    /// Marks the connection as gone and tells the caller, unless the exchange under way was heard of after `heard`, or
    /// is over; `nil` then.
    mutating func breakDown(_ reason: String, ifSilentSince heard: Int64) -> Action? {
        guard failure == nil, let current = exchange, !current.isAnswered, current.ready == nil,
            current.lastHeard == heard
        else { return nil }
        return breakDown(reason)
    }

    /// Marks the connection as gone, and tells the caller.
    mutating func breakDown(_ reason: String) -> Action {
        guard let connection else { return .nothing }
        let wasAnswered = exchange?.isAnswered == true
        // What the server said before it went is still there to be read, if anything is.
        if PQstatus(connection) == CONNECTION_BAD { takeResults() }
        if failure == nil {
            let ownError = exchange?.refusal?.error
            let serverError = ownError?.sqlState?.errorClass == "57" ? ownError : nil
            failure = .lost(reason, by: serverError, mayHaveRun: false)
        }
        notifications.fail(failureNow(mayHaveRun: false))
        if wasAnswered {
            // What the server has done it has done, whatever became of the connection. No canceller strikes anybody now.
            exchange?.cancellers = 0
            return report()
        }
        guard var current = exchange else { return .nothing }
        let error = current.stop?.error(cause: failureNow(mayHaveRun: true)) ?? failureNow(mayHaveRun: true)
        guard let waiter = current.waiter else {
            current.ready = .failed(Failure(error))
            exchange = current
            return .nothing
        }
        exchange = nil
        return .resume(waiter, .failed(Failure(error)))
    }

    private func failureNow(mayHaveRun: Bool) -> PostgresError {
        var error = failure ?? PostgresError(.connectionLost, "the connection to PostgreSQL is closed")
        error.mayHaveRun = mayHaveRun
        return error
    }

    private func libpqMessage() -> String {
        guard let connection, let text = PQerrorMessage(connection) else { return "no reason was given" }
        return PostgresError.oneLine(String(cString: text))
    }
}

extension StopReason {
    fileprivate func error(cause: PostgresError) -> PostgresError {
        switch self {
        case .cancelled: PostgresError(.cancelled, PostgresError.cancelledTask.message, cause: cause)
        case .timedOut:
            PostgresError(
                .timedOut,
                "the statement took longer than its time-out, and was cancelled; raise statement_timeout if it may",
                cause: cause)
        case .givenUp: cause
        }
    }
}
