internal import CLibPQ
internal import Foundation
internal import Synchronization

/// One connection of libpq, read by a loop and written by its callers, one exchange at a time.
final class Session: Sendable {
    private static let lastID = Atomic<UInt64>(0)

    let id: UInt64
    let configuration: PostgresConfiguration
    let descriptor: Int32
    /// The number of the server's process, or one that a pooler made up.
    let backend: Int32
    /// Where the connection leads, of several hosts the one that answered.
    let target: [String: String]
    /// Whether a pooler stands before the server.
    let isPooled = Atomic<Bool>(false)
    /// When the server and its process began, by the server's clock in microseconds; 0 as long as that is not known.
    let serverStart = Atomic<Int64>(0)
    let backendStart = Atomic<Int64>(0)
    private let cancelKey: CancelKey
    private let threads: PollThreads
    let loop: PollLoop
    private let exchanges = Atomic<UInt64>(0)
    private let state: Mutex<SessionState>
    /// Whether something has come while the state was in use; whoever used it reads it.
    private let inputWaits = Atomic<Bool>(false)

    /// Takes over a connection that is open, or frees it and throws.
    init(
        _ connection: sending OpaquePointer, _ configuration: PostgresConfiguration, threads: PollThreads
    ) throws(PostgresError) {
        guard let cancelKey = CancelKey(connection), PQsetnonblocking(connection, 1) == 0 else {
            PQfinish(connection)
            throw PostgresError(.connectionFailed, "libpq has no memory left")
        }
        self.cancelKey = cancelKey
        self.configuration = configuration
        self.threads = threads
        loop = threads.next()
        id = Self.lastID.wrappingAdd(1, ordering: .relaxed).newValue
        descriptor = PQsocket(connection)
        backend = PQbackendPID(connection)
        var target: [String: String] = [:]
        target["host"] = PQhost(connection).map { String(cString: $0) }
        target["hostaddr"] = PQhostaddr(connection).map { String(cString: $0) }
        target["port"] = PQport(connection).map { String(cString: $0) }
        self.target = target.filter { !$0.value.isEmpty }
        state = Mutex(SessionState(connection))
        guard loop.add(self) else {
            throw PostgresError(.connectionFailed, "the kernel takes no more sockets to wait for")
        }
    }

    deinit {
        close()
    }

    // MARK: What callers do

    /// Sends a request and waits for what comes of it. A request that is shielded is not cancelled with its task.
    nonisolated(nonsending) func start(_ request: Request, timeout: Duration?, shielded: Bool = false) async -> (
        UInt64, ExchangeEvent
    ) {
        let id = exchanges.wrappingAdd(1, ordering: .relaxed).newValue
        let event = await waiting(id, shielded: shielded) { continuation in
            self.begin(request, id, timeout, continuation)
        }
        return (id, event)
    }

    /// Waits for the next event of an exchange.
    nonisolated(nonsending) func next(_ id: UInt64, shielded: Bool = false) async -> ExchangeEvent {
        await waiting(id, shielded: shielded) { continuation in
            let now = Nanoseconds.now
            let event = self.withState { $0.wait(id, now: now, waiter: continuation) }
            if let event {
                continuation.resume(returning: event)
            } else {
                self.loop.wake(by: now + SessionTimes.silence)
            }
        }
    }

    private nonisolated(nonsending) func waiting(
        _ id: UInt64, shielded: Bool, _ body: (UnsafeContinuation<ExchangeEvent, Never>) -> Void
    ) async -> ExchangeEvent {
        if shielded { return await withUnsafeContinuation(body) }
        return await withTaskCancellationHandler {
            await withUnsafeContinuation(body)
        } onCancel: {
            stop(id, .cancelled)
        }
    }

    private func begin(
        _ request: Request, _ id: UInt64, _ timeout: Duration?, _ continuation: UnsafeContinuation<ExchangeEvent, Never>
    ) {
        let now = Nanoseconds.now
        let deadline = timeout.map { now + $0.nanoseconds } ?? .max
        let event = withState { state in
            let event = state.begin(request, id: id, now: now, deadline: deadline, waiter: continuation)
            watch(&state)
            return event
        }
        if let event {
            continuation.resume(returning: event)
        } else {
            loop.wake(by: min(deadline, now + SessionTimes.silence))
        }
    }

    /// Gives rows to an exchange that copies; `false` when they cannot be taken.
    func put(_ buffer: ByteBuffer, _ id: UInt64) -> Bool {
        withState { state in
            let isTaken = buffer.bytes.withUnsafeBytes { state.put($0, id: id) }
            watch(&state)
            return isTaken
        }
    }

    /// Ends the rows of an exchange that copies.
    func endCopy(_ id: UInt64, refusal: String? = nil) {
        act { state, now in
            state.endCopy(id, refusal: refusal, now: now)
            // A server that refused a row has said all that it will say.
            return state.socketIsReady(forWriting: false, now: now)
        }
        loop.wake(by: Nanoseconds.now + SessionTimes.cancelAgain)
    }

    func stop(_ id: UInt64, _ reason: StopReason) {
        act { $0.stop(id, reason, now: $1) }
    }

    /// Gives a connection up that does not answer.
    func drop(_ reason: String) {
        act { state, _ in state.breakDown(reason) }
    }

    /// Gives the connection up unless something was heard of the exchange under way after `heard`, or still is to be
    /// read.
    ///
    /// - Returns: whether it did.
    func drop(_ reason: String, ifSilentSince heard: Int64) -> Bool {
        if Socket.hasInput(descriptor) { carryOut(read(forWriting: false)) }
        var isDropped = false
        act { state, _ in
            guard let action = state.breakDown(reason, ifSilentSince: heard) else { return .nothing }
            isDropped = true
            return action
        }
        return isDropped
    }

    /// Ends the session; what is under way fails.
    func close() {
        act { state, _ in
            let action = state.breakDown("it was closed")
            if state.isWatched { unwatch(&state) }
            state.finish()
            return action
        }
    }

    // MARK: What callers ask

    /// Whether it is open and outside of a transaction, as far as is known without a look at the socket.
    var isAtRest: Bool { withState { $0.failure == nil && !$0.isInTransaction } }
    var isInTransaction: Bool { withState { $0.isInTransaction } }
    var isInFailedTransaction: Bool { withState { $0.isInFailedTransaction } }
    /// When the server was last heard by the exchange that is under way.
    var lastHeard: Int64? { withState { $0.exchange?.lastHeard } }
    /// When the server was last heard at all.
    var lastInput: Int64 { withState { $0.lastInput } }
    /// How many bytes the other side has not taken yet.
    var unsentBytes: Int32? { withState { $0.socket.flatMap(Socket.unsentBytes) } }
    /// Whether a session with the same server, be it this one, has heard from it after `time`.
    func hasServerSpoken(since time: Int64) -> Bool {
        threads.sessions.contains { $0.target == target && $0.lastInput > time }
    }
    var failure: PostgresError? { withState { $0.failure } }

    /// Whether it is open, idle and outside of a transaction, as far as can be seen without sending.
    var isIdle: Bool {
        let recently = Nanoseconds.now - 1_000_000
        let (isIdle, isFresh) = withState { ($0.isIdle, $0.lastUsed > recently) }
        // What was heard a moment ago need not be looked at; the loop reads on.
        guard isIdle, !isFresh, Socket.hasInput(descriptor) else { return isIdle }
        // It was not asked for: a notification, or the end.
        carryOut(read(forWriting: false))
        return withState { $0.isIdle }
    }

    func forget(_ sql: String) {
        withState { $0.statements.forget(sql) }
    }

    func forgetAll() {
        withState { $0.statements.forgetAll() }
    }

    /// Notes that the server has forgotten all that was prepared.
    func noteDeallocation() {
        withState { $0.statements.removeAll() }
    }

    func listen(_ channels: Set<String>, _ continuation: NotificationHub.Stream.Continuation) -> UInt64 {
        withState { $0.notifications.add(channels, continuation) }
    }

    func unlisten(_ id: UInt64) -> Set<String> {
        withState { $0.notifications.remove(id) }
    }

    // MARK: What the loop does

    /// Reads what has come; when the state is in use, leaves that to its user, rather than to wait for a thread that the
    /// server's process may have taken the processor from.
    ///
    /// - Returns: what is to be done then, by ``carryOut(_:)``.
    func read(forWriting: Bool) -> SessionState.Action {
        inputWaits.store(true, ordering: .sequentiallyConsistent)
        let now = Nanoseconds.now
        let action = state.withLockIfAvailable { state in
            inputWaits.store(false, ordering: .sequentiallyConsistent)
            let action = state.socketIsReady(forWriting: forWriting, now: now)
            watch(&state)
            return action
        }
        return action ?? .nothing
    }

    /// Does what a step in the state asks for; not while the state is in use.
    func carryOut(_ action: SessionState.Action) {
        switch action {
        case .nothing: break
        case .resume(let waiter, let event): waiter.resume(returning: event)
        case .cancel(let id): startCancelling(id)
        }
    }

    /// Looks at the clock; returns when to look again.
    func timeHasCome(_ now: Int64) -> Int64 {
        var next = Int64.max
        act { state, _ in
            let (time, action) = state.timeHasCome(now)
            next = time
            return action
        }
        return next
    }

    // MARK: Underneath

    /// Uses the state, and then reads what has come meanwhile.
    private func withState<Value: Sendable>(_ body: (inout SessionState) -> Value) -> Value {
        let value = state.withLock { body(&$0) }
        if inputWaits.load(ordering: .sequentiallyConsistent) { readWhatWaits() }
        return value
    }

    private func readWhatWaits() {
        guard inputWaits.exchange(false, ordering: .sequentiallyConsistent) else { return }
        act { $0.socketIsReady(forWriting: true, now: $1) }
    }

    private typealias Step = (inout SessionState, Int64) -> SessionState.Action

    private func act(_ step: Step) {
        let now = Nanoseconds.now
        let action = withState { state in
            let action = step(&state, now)
            watch(&state)
            return action
        }
        carryOut(action)
    }

    private func startCancelling(_ id: UInt64) {
        BlockingThread.start("millrace-cancel") { [self] in
            cancelKey.cancel()
            act { $0.cancelReturned(id, now: $1) }
        }
        loop.wake(by: Nanoseconds.now + SessionTimes.cancelAgain)
    }

    /// Has the loop wait for what the state waits for; nothing any more once the connection has failed.
    private func watch(_ state: inout SessionState) {
        guard state.isWatched else { return }
        if state.failure != nil {
            unwatch(&state)
        } else if state.waitsToWrite != state.isWatchedForWriting {
            state.isWatchedForWriting = state.waitsToWrite
            loop.watch(id, descriptor, writing: state.waitsToWrite)
        }
    }

    private func unwatch(_ state: inout SessionState) {
        state.isWatched = false
        // When libpq has closed the socket, the kernel has forgotten it, and its number may be another's.
        loop.remove(id, state.socket)
    }
}
