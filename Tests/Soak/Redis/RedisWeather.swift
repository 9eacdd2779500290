internal import MillraceCore
internal import MillraceTesting
internal import Synchronization
internal import TestServers

/// What becomes of the Redis beside a queue, blow by blow, until it is calm.
final class RedisWeather: Sendable {
    private enum Fault: String, CaseIterable {
        /// A worker is killed.
        case kill
        /// Redis loses all.
        case flush
        /// Redis is killed, and stays away for a while.
        case crash
        /// Redis does nothing for a while.
        case freeze
        /// All connections are cut.
        case cut
        /// One is cut between two bytes.
        case bite
        /// Those that are open go silent for good.
        case silence
        /// Nothing gets through for a while.
        case hold
        /// New connections are refused for a while.
        case refuse
    }

    /// What came when it was over.
    struct Calm {
        var begin: Timestamp
        /// Since when hints were kept.
        var hinted: Timestamp
        var end: Timestamp
    }

    private struct State {
        var blow = 0
        /// The blow at which a fault is over that lasts.
        var ends: [Fault: Int] = [:]
        var counts: [Fault: Int] = [:]
        var begin: Timestamp?
        var hinted: Timestamp?
        var end: Timestamp?
    }

    private let server: RedisServer
    private let proxy: CutProxy
    private let storeID: String
    private let blows: Int
    private let longest: Int
    private let state = Mutex(State())

    /// After so many blows it is calm; nothing lasts for more than `longest` of them. The workers reach the server by the
    /// proxy alone.
    init(_ server: RedisServer, _ proxy: CutProxy, storeID: String, blows: Int, longest: Int) {
        self.server = server
        self.proxy = proxy
        self.storeID = storeID
        self.blows = blows
        self.longest = longest
    }

    /// How often each fault was there.
    var counts: String {
        let counts = state.withLock { $0.counts }
        return Fault.allCases.map { "\($0.rawValue)=\(counts[$0] ?? 0)" }.joined(separator: " ")
    }

    /// Strikes the next blow, or looks whether hints are kept once it is calm.
    @Sendable func strike(_ field: WorkerField, _ generator: inout SeededGenerator) async throws -> Bool {
        let (blow, over) = state.withLock { state in
            state.blow += 1
            let over = state.ends.filter { $0.value <= state.blow || state.blow > blows }.keys
            return (state.blow, Array(over))
        }
        for fault in over { try await end(fault) }
        guard blow <= blows else {
            try await look()
            return false
        }
        let fault = Fault.allCases[Int.random(in: 0..<Fault.allCases.count, using: &generator)]
        guard try await begin(fault, field, &generator) else { return false }
        let length = Int.random(in: 1...longest, using: &generator)
        state.withLock { state in
            state.counts[fault, default: 0] += 1
            if [.crash, .freeze, .hold, .refuse].contains(fault) { state.ends[fault] = blow + length }
        }
        return true
    }

    /// What came of the calm, up to the last look: by now the workers are gone, and nobody keeps hints.
    func finish() async throws -> Calm {
        for fault in state.withLock({ Array($0.ends.keys) }) { try await end(fault) }
        let (now, state) = (SystemWallClock().now(), state.withLock { $0 })
        let end = state.end ?? now
        return Calm(begin: state.begin ?? end, hinted: state.hinted ?? end, end: end)
    }

    /// Notes since when hints are kept: there is one who keeps them, and the window of the jobs reaches somewhere.
    private func look() async throws {
        let queue = "{mr:\(storeID):q:\(QueueName.default)}"
        let leaders = try await server.command("EXISTS", "\(queue):leader")
        let reach = try await server.command("HSTRLEN", "\(queue):state", "h:\(EffectHandler.type)")
        // Lines, with their ends.
        let isKept = leaders.hasPrefix("1") && !reach.hasPrefix("0")
        let now = SystemWallClock().now()
        state.withLock { state in
            state.begin = state.begin ?? now
            state.end = now
            state.hinted = isKept ? state.hinted ?? now : nil
        }
    }

    /// Begins a fault.
    ///
    /// - Returns: whether that could be.
    private func begin(
        _ fault: Fault, _ field: WorkerField, _ generator: inout SeededGenerator
    ) async throws -> Bool {
        let lasting = state.withLock { Set($0.ends.keys) }
        switch fault {
        case .kill: return Storm.kill(field, &generator)
        case .flush:
            guard lasting.isDisjoint(with: [.crash, .freeze]) else { return false }
            try await server.command("FLUSHALL")
        case .crash:
            guard !lasting.contains(.crash) else { return false }
            try await server.crash()
            state.withLock { $0.ends[.freeze] = nil }
        case .freeze:
            guard lasting.isDisjoint(with: [.crash, .freeze]) else { return false }
            try server.freeze()
        case .cut: proxy.cut()
        case .bite:
            let side: CutProxy.Side = Bool.random(using: &generator) ? .client : .server
            proxy.cut(after: Int.random(in: 0...5_000, using: &generator), from: side)
        case .silence: proxy.silence()
        case .hold, .refuse:
            guard lasting.isDisjoint(with: [.hold, .refuse]) else { return false }
            fault == .hold ? proxy.hold() : proxy.refuse()
        }
        return true
    }

    private func end(_ fault: Fault) async throws {
        state.withLock { $0.ends[fault] = nil }
        switch fault {
        case .crash: try await server.start()
        case .freeze: try server.thaw()
        case .hold, .refuse: proxy.pass()
        case .kill, .flush, .cut, .bite, .silence: break
        }
    }
}
