/// What the shared tier holds under one key, and how reading, writing and repairing change that.
///
/// A plain state machine without a clock: what an adapter does in one step on its server, be it a script, must be one of
/// these transitions. A slot that its time has passed is absent; ``SharedSlot/hold`` says what that time is for a lease
/// or a mark, and a value's is the one it came with.
///
/// Only who was given a lease fills a slot that was absent, and only a writer whose mark is still there puts its value
/// in the mark's place. Everything else takes away. So a value that was read before a write cannot come after it:
///
/// | step | absent | value | lease | mark |
/// | --- | --- | --- | --- | --- |
/// | ``lease(_:replacing:)`` | own lease | stays, unless it is the one to be replaced | stays | stays |
/// | ``fill(_:version:_:)`` | stays | stays | own: the value | stays |
/// | ``mark(_:)`` | mark | mark | mark | one more token |
/// | ``finish(_:version:_:)`` | stays | older: absent | absent | own, the last: the value; others: their floor rises |
/// | ``kill(olderThan:)`` | stays | older: absent | absent | its floor rises |
public struct SharedSlot<Token: Hashable & Sendable, Payload: Hashable & Sendable>: Hashable, Sendable {
    /// What is there.
    public enum Content: Hashable, Sendable {
        /// Nothing.
        case absent
        /// A value of the authority, and its version there.
        case value(version: Int64, Payload)
        /// Somebody reads the authority to fill the slot.
        case lease(Token)
        /// Somebody writes to the authority. No value older than `floor` comes into the mark's place.
        case mark(floor: Int64, [Token])
    }

    /// The answer to who asks for a lease.
    public enum Answer: Hashable, Sendable {
        /// There is a value.
        case value(version: Int64, Payload)
        /// The slot may be filled, under this token.
        case leased
        /// Somebody else fills it or writes.
        case busy
    }

    /// How long a lease or a mark is there since it was last asked for: 10 s.
    public static var hold: Duration { .seconds(10) }
    /// Writers that a mark knows at most. The one that was there longest is forgotten then, which costs it its value here.
    public static var writerLimit: Int { 64 }

    /// What is there.
    public var content: Content

    /// A slot with nothing in it, or with what is said.
    public init(_ content: Content = .absent) {
        self.content = content
    }

    /// Asks for the value, or for the right to fill the slot. `replacing` names the version of a value that is of no
    /// use: expired, damaged, or ruled out.
    public mutating func lease(_ token: Token, replacing version: Int64? = nil) -> Answer {
        switch content {
        case .value(let present, let payload) where present != version:
            return .value(version: present, payload)
        case .absent, .value:
            content = .lease(token)
            return .leased
        case .lease(let holder):
            return holder == token ? .leased : .busy
        case .mark:
            return .busy
        }
    }

    /// Whether a lease is still this token's; if so, its time begins anew.
    public func renew(_ token: Token) -> Bool { content == .lease(token) }

    /// Gives a lease back.
    public mutating func release(_ token: Token) {
        if content == .lease(token) { content = .absent }
    }

    /// Puts in what the authority had, if the lease is still there.
    public mutating func fill(_ token: Token, version: Int64, _ payload: Payload) -> Bool {
        guard content == .lease(token) else { return false }
        content = .value(version: version, payload)
        return true
    }

    /// Says that somebody is about to write; to be announced to all, and the time of the mark begins anew.
    ///
    /// - Returns: whether a value gave way to it.
    @discardableResult
    public mutating func mark(_ token: Token) -> Bool {
        let hadValue = if case .value = content { true } else { false }
        switch content {
        case .mark(let floor, var tokens):
            if !tokens.contains(token) { tokens.append(token) }
            content = .mark(floor: floor, tokens.suffix(Self.writerLimit))
        case .absent, .value, .lease:
            content = .mark(floor: 0, [token])
        }
        return hadValue
    }

    /// Says that a write is done under a version, with a value or, after a deletion, without; to be announced to all.
    ///
    /// - Returns: whether the value is there now.
    public mutating func finish(_ token: Token, version: Int64, _ payload: Payload?) -> Bool {
        guard case .mark(let floor, var tokens) = content, let place = tokens.firstIndex(of: token) else {
            kill(olderThan: version)
            return false
        }
        tokens.remove(at: place)
        if !tokens.isEmpty {
            content = .mark(floor: max(floor, version), tokens)
        } else if let payload, floor <= version {
            content = .value(version: version, payload)
            return true
        } else {
            content = .absent
        }
        return false
    }

    /// Says that a write failed; to be announced to all. It may have been done nevertheless, under whatever version.
    public mutating func abort(_ token: Token) {
        _ = finish(token, version: .max, nil)
    }

    /// Takes away what is from before a version, and keeps that from coming: the authority's log told of a write.
    public mutating func kill(olderThan version: Int64) {
        switch content {
        case .value(let present, _) where present < version: content = .absent
        case .lease: content = .absent
        case .mark(let floor, let tokens): content = .mark(floor: max(floor, version), tokens)
        case .absent, .value: break
        }
    }
}
