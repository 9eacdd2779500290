internal import DequeModule
internal import NIOCore

/// The calls of one connection: those that wait to be written, and those whose reply has not come.
///
/// Replies have no names: the first to come belongs to the first command that was written. So who gives up on a written
/// call keeps its place, and its reply is dropped when it comes. A plain state machine: time is an argument, and
/// resuming the callers is the owner's business.
struct CallQueue<Caller> {
    /// What a caller asks for.
    struct Call {
        let command: RedisCommand
        let caller: Caller
        let deadline: NIODeadline
        /// Whether it may be sent again when the connection is lost before its reply has come.
        let isRepeatable: Bool
    }

    /// A call that has ended without a reply.
    struct Loss {
        let caller: Caller
        /// Whether the server may have done what was asked.
        let mayHaveRun: Bool
    }

    /// Calls that are taken on at the same time, written or not.
    let limit: Int
    private var calls: [UInt64: (call: Call, isSent: Bool)] = [:]
    private var waiting: Deque<UInt64> = []
    private var sent: Deque<UInt64> = []
    private var nextID: UInt64 = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether a reply is to come, wanted or not.
    var awaitsReply: Bool { !sent.isEmpty }
    /// Whether something is to be written.
    var hasWaiting: Bool { waiting.contains { calls[$0] != nil } }
    /// The calls that have not ended.
    var count: Int { calls.count }
    /// When the first of the calls runs out of time.
    var nextDeadline: NIODeadline? { calls.values.lazy.map(\.call.deadline).min() }

    /// A number for a call that is about to be made.
    mutating func makeID() -> UInt64 {
        nextID += 1
        return nextID
    }

    /// Whether so many more calls can be taken on.
    func hasRoom(for more: Int) -> Bool { calls.count + more <= limit }

    /// Takes a call on.
    mutating func add(_ call: Call, as id: UInt64) {
        calls[id] = (call, false)
        waiting.append(id)
    }

    /// Hands out what is to be written now, in order, up to about so many bytes; its replies are awaited from now on.
    mutating func takeWaiting(upTo bytes: Int) -> [RedisCommand] {
        var commands: [RedisCommand] = []
        var size = 0
        while size < bytes, let id = waiting.popFirst() {
            guard let command = calls[id]?.call.command else { continue }
            calls[id]?.isSent = true
            sent.append(id)
            commands.append(command)
            size += command.bytes.readableBytes
        }
        return commands
    }

    /// Who gets the reply that has come.
    ///
    /// - Returns: `.some(nil)` when its caller has given up, and `nil` when no reply was to come: the connection is out
    ///   of step.
    mutating func takeReply() -> Caller?? {
        guard let id = sent.popFirst() else { return nil }
        return .some(calls.removeValue(forKey: id)?.call.caller)
    }

    /// Ends a call that its caller gives up on; `nil` when it has ended before.
    mutating func abandon(_ id: UInt64) -> Loss? {
        // One that was not written is passed over when it comes to that.
        calls.removeValue(forKey: id).map { Loss(caller: $0.call.caller, mayHaveRun: $0.isSent) }
    }

    /// Ends the calls whose time is up.
    mutating func expire(at now: NIODeadline) -> [Loss] {
        calls.filter { $0.value.call.deadline <= now }.keys.sorted().compactMap { abandon($0) }
    }

    /// Notes that the connection is gone: what was written and may be repeated waits again, before everything else.
    ///
    /// - Returns: the calls that were written and may not.
    mutating func lose() -> [Loss] {
        var losses: [Loss] = []
        for id in sent.reversed() {
            guard let call = calls[id]?.call else { continue }
            if call.isRepeatable {
                calls[id]?.isSent = false
                waiting.prepend(id)
            } else {
                losses.append(contentsOf: abandon(id).map { [$0] } ?? [])
            }
        }
        sent = []
        return losses.reversed()
    }

    /// Ends everything.
    mutating func endAll() -> [Loss] {
        defer { (waiting, sent) = ([], []) }
        return calls.keys.sorted().compactMap { abandon($0) }
    }

    /// Ends everything that waits to be written.
    mutating func refuseWaiting() -> [Loss] {
        let ids = waiting
        waiting = []
        return ids.compactMap { abandon($0) }
    }
}
