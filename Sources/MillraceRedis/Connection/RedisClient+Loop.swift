internal import Logging
internal import NIOCore
internal import Synchronization

// What happens on the event loop.
extension RedisClient {
    /// Does what the calls that wait need.
    func flush() {
        let (step, checkAt) = state.withLock { state in
            let step = state.next(at: .now()) { $0.channel.isWritable }
            if case .connect(let generation) = step { begun.store(generation, ordering: .releasing) }
            return (step, state.planCheck())
        }
        if let checkAt { plan(checkAt) }
        switch step {
        case .nothing: break
        case .connect(let generation): connect(generation)
        case .write(let link, let commands): write(commands, to: link)
        }
    }

    private func write(_ commands: [ByteBuffer], to link: RedisLink) {
        link.channel.writeAndFlush(link.channel.gather(commands), promise: nil)
        // What did not fit in is written when the rest of this turn is done.
        if state.withLock({ $0.calls.hasWaiting }) { eventLoop.execute { self.flush() } }
    }

    private func connect(_ generation: Int) {
        // A client that is not in use any more is let go, and its connection with it.
        let events = RedisChannelHandler.Events(
            onReady: { [weak self] channel in
                if let self { connected(channel, generation) } else { channel.close(promise: nil) }
            },
            onReplies: { [weak self] in self?.receive($0, generation) }, onWritable: { [weak self] in self?.flush() },
            onEnd: { [weak self] in self?.ended($0, generation) })
        connector.connect(on: eventLoop, Handshake(configuration), events)
    }

    private func connected(_ channel: any Channel, _ generation: Int) {
        let link = RedisLink(channel)
        let (isWanted, wasOut) = state.withLock { state in
            let wasOut = state.isOut
            return (state.connected(link, generation, at: .now()), wasOut)
        }
        guard isWanted else { return channel.close(promise: nil) }
        metrics?.noteConnection()
        logger?.debug("Connected to Redis", metadata: ["server": "\(configuration)"])
        if wasOut { logger?.warning("Redis is back", metadata: ["server": "\(configuration)"]) }
        flush()
    }

    private func receive(_ replies: [RESPValue], _ generation: Int) {
        let (received, roundTrip, retired) = state.withLock { state in
            (state.receive(replies, generation, at: .now()), state.takeRoundTrip(), state.retired)
        }
        metrics?.count(received.answers.count, .answered)
        if let roundTrip { metrics?.note(roundTrip: roundTrip) }
        for (caller, reply) in received.answers { caller.resume(reply) }
        if let violation = received.violation { end(generation, violation) }
        if retired != nil {
            end(generation, RedisError(.connectionLost, "\(configuration) takes no writes any more"))
        }
    }

    /// Gives a connection up.
    private func end(_ generation: Int, _ reason: RedisError) {
        let link = state.withLock { $0.generation == generation ? $0.link : nil }
        ended(reason, generation)
        // With TLS that waits for the other side.
        link?.channel.close(promise: nil)
    }

    private func ended(_ reason: RedisError?, _ generation: Int) {
        var generator = SystemRandomNumberGenerator()
        let reason = reason ?? RedisError(.connectionLost, "\(configuration) closed the connection")
        let (end, wasConnected, isNews) = state.withLock { state in
            let (wasConnected, wasOut) = (state.generation == generation && state.link != nil, state.isOut)
            let end = state.ended(reason, generation, at: .now(), using: &generator)
            return (end, wasConnected, state.isOut && !wasOut)
        }
        if wasConnected {
            logger?.debug(
                "Lost the connection to Redis",
                metadata: ["server": "\(configuration)", "reason": "\(reason.message)"])
        }
        // A server that is not there at first is an error of the first call.
        if isNews, generation > 1 {
            logger?.warning(
                "Redis is out of reach; trying until it is back", metadata: ["reason": "\(reason.message)"])
        }
        fail(end.losses, .connectionLost, "the connection to \(configuration) was lost before the reply came")
        metrics?.count(end.refused.count, .refused)
        for loss in end.refused { loss.caller.resume(.failure(end.reason)) }
        if end.isToRetry { flush() }
    }

    /// Looks at the times then.
    func plan(_ check: NIODeadline) {
        eventLoop.scheduleTask(deadline: check) { [weak self] in self?.look(check) }
    }

    private func look(_ planned: NIODeadline) {
        let (found, checkAt, generation, isConnected) = state.withLock { state in
            (state.check(planned, at: .now()), state.planCheck(), state.generation, state.link != nil)
        }
        if let checkAt { plan(checkAt) }
        let hint = generation == 1 && !isConnected && configuration.tls != nil ? "; \(configuration.schemeHint)" : ""
        fail(found.losses, .timedOut, "\(configuration) did not answer in time\(hint)")
        if found.isGone { end(generation, RedisError(.connectionLost, "\(configuration) has gone silent")) }
    }
}
