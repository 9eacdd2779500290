internal import DequeModule
internal import NIOCore

/// The calls of one client: those whose reply has not come, and behind them those that wait to be written.
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
        /// Whether it goes by the same connection as the call before it.
        var followsOn = false
    }

    /// A call that has ended without a reply.
    struct Loss {
        let caller: Caller
        /// Whether the server may have done what was asked.
        let mayHaveRun: Bool
    }

    /// The place of a call. Calls that end leave theirs when it comes to the front.
    private struct Place {
        /// `nil` when the call has ended.
        var call: Call?
        /// Whether a reply is to come, wanted or not.
        var isAwaited = false

        /// Hands out what is to be written, whose reply is awaited from now on; `nil` when the call has ended.
        mutating func write() -> ByteBuffer? {
            guard let bytes = call?.command.bytes else { return nil }
            isAwaited = true
            return bytes
        }
    }

    /// Places that are taken at the same time.
    let limit: Int
    private var places: Deque<Place> = []
    /// So many of them, from the front, were written or passed over. If there are any, the first was written: those that
    /// are passed over leave their places.
    private var passed = 0
    /// The number of the place at the front; each that is left makes it grow by one.
    private var front: UInt64 = 0
    /// Calls that have not ended, written and not.
    private(set) var inFlight = 0
    private(set) var waiting = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether a reply is to come, wanted or not.
    var awaitsReply: Bool { passed > 0 }
    /// Whether the reply that comes next is wanted by nobody any more.
    var awaitsUnwanted: Bool { places.first.map { $0.isAwaited && $0.call == nil } ?? false }
    /// Whether something is to be written.
    var hasWaiting: Bool { waiting > 0 }
    /// The calls that have not ended.
    var count: Int { inFlight + waiting }
    /// The number of the call that is written next, and of the one whose reply comes next.
    var nextToWrite: UInt64 { front + UInt64(passed) }
    var nextToAnswer: UInt64 { front }
    /// The places that are taken, those of calls that have ended among them.
    var size: Int { places.count }

    /// Whether so many more calls can be taken on.
    func hasRoom(for more: Int) -> Bool { places.count + more <= limit }

    /// Takes a call on.
    ///
    /// - Returns: its number; that of the next one is one more.
    mutating func add(_ call: Call) -> UInt64 {
        places.append(Place(call: call))
        waiting += 1
        return front + UInt64(places.count - 1)
    }

    /// Hands out what is to be written now, in order, up to about so many bytes; its replies are awaited from now on.
    mutating func takeWaiting(upTo bytes: Int) -> [ByteBuffer] {
        var commands: [ByteBuffer] = []
        commands.reserveCapacity(waiting)
        var size = 0
        while passed < places.count {
            if size >= bytes, places[passed].call?.followsOn == false { break }
            // In its place: to copy each call is most of what this costs.
            if let command = places[passed].write() {
                commands.append(command)
                size += command.readableBytes
                waiting -= 1
                inFlight += 1
            }
            passed += 1
        }
        leavePlaces()
        return commands
    }

    /// Who gets the reply that has come.
    ///
    /// - Returns: `.some(nil)` when its caller has given up, and `nil` when no reply was to come: the connection is out
    ///   of step.
    mutating func takeReply() -> Caller?? {
        guard awaitsReply, let place = places.popFirst() else { return nil }
        front += 1
        passed -= 1
        if place.call != nil { inFlight -= 1 }
        leavePlaces()
        return .some(place.call?.caller)
    }

    /// Ends a call that its caller gives up on; `nil` when it has ended before.
    mutating func abandon(_ id: UInt64) -> Loss? {
        guard id >= front, id - front < UInt64(places.count) else { return nil }
        defer { leavePlaces() }
        return end(Int(id - front))
    }

    /// Ends the calls whose time is up; also says when the first of the others runs out of it.
    mutating func expire(at now: NIODeadline) -> (losses: [Loss], next: NIODeadline?) {
        var next: NIODeadline?
        let losses = endAll { call in
            if call.deadline > now { next = min(next ?? call.deadline, call.deadline) }
            return call.deadline <= now
        }
        return (losses, next)
    }

    /// Notes that the connection is gone: what was written and may be repeated waits again, before everything else.
    ///
    /// - Returns: the calls that were written and may not.
    mutating func lose() -> [Loss] {
        var losses: [Loss] = []
        for index in 0..<passed {
            if let call = places[index].call, !call.isRepeatable, let loss = end(index) { losses.append(loss) }
            places[index].isAwaited = false
        }
        waiting += inFlight
        inFlight = 0
        passed = 0
        leavePlaces()
        return losses
    }

    /// Ends everything.
    mutating func endAll() -> [Loss] {
        endAll { _ in true }
    }

    /// Ends everything that waits to be written.
    mutating func refuseWaiting() -> [Loss] {
        defer { leavePlaces() }
        return (passed..<places.count).compactMap { end($0) }
    }

    private mutating func endAll(where isOver: (Call) -> Bool) -> [Loss] {
        defer { leavePlaces() }
        return places.indices.compactMap { index in
            guard let call = places[index].call, isOver(call) else { return nil }
            return end(index)
        }
    }

    private mutating func end(_ index: Int) -> Loss? {
        guard let call = places[index].call else { return nil }
        places[index].call = nil
        if places[index].isAwaited { inFlight -= 1 } else { waiting -= 1 }
        return Loss(caller: call.caller, mayHaveRun: places[index].isAwaited)
    }

    /// Leaves the places at the front that nothing is to come for, nor to be written.
    private mutating func leavePlaces() {
        // Where all places are those of calls that have not ended, none is looked at.
        while places.count > count, !places[0].isAwaited, places[0].call == nil {
            places.removeFirst()
            front += 1
            if passed > 0 { passed -= 1 }
        }
    }
}

extension CallQueue.Call: Sendable where Caller: Sendable {}
extension CallQueue.Loss: Sendable where Caller: Sendable {}
