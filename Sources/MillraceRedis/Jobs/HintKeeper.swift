internal import Foundation
internal import MillraceCore
internal import NIOCore
internal import Synchronization

/// Keeps the windows of hints filled: one process does it for all, for each queue.
///
/// What it reads is the store, which alone knows what is queued. It may be done twice, late, or not at all: that costs time,
/// never a job.
final class HintKeeper: Sendable {
    /// Another process takes over when the leader was not heard of for so long.
    private static let lease = Duration.seconds(5)
    /// Kinds that nobody has asked for, in seconds.
    private static let idleTime = 60
    /// What nobody looks after is gone after so many seconds.
    private static let keepTime = 600
    private static let batch = 1_000

    private struct Desk {
        var isBusy = false
        var epoch = ""
        var nextAudit = ContinuousClock.now
        /// The jobs that had no hint when they were last looked at: they may have been claimed that very moment.
        var suspects: [JobKind: Set<JobID>] = [:]
    }

    /// How one kind stands in the window.
    private struct Stand {
        let kind: JobKind
        let reach: ByteBuffer
        let size: Int

        static let end = ByteBuffer(string: "*")

        var isWhole: Bool { reach == Self.end }
        /// The last place that it reaches to; `nil` for none, or for the end of all.
        var place: JobPlace? { isWhole ? nil : JobHint.place(at: reach) }
    }

    /// How the windows of a queue stand.
    private struct Window {
        let epoch: String
        /// The most and the least hints of a kind.
        let cap: Int
        let low: Int
        let stands: [Stand]
    }

    private enum Lead {
        /// Another process leads, or Redis is away.
        case follows
        /// There is no window of the epoch that this process has begun.
        case misses
        case leads(Window)
    }

    private let base: any JobQueueRepository
    private let hints: ReadyHints
    private let settings: HintSettings
    private let me = UUID().uuidString
    private let desks = Mutex<[QueueName: Desk]>([:])

    private var keys: HintKeys { hints.keys }
    private var line: HintLine { hints.line }

    init(_ base: any JobQueueRepository, _ hints: ReadyHints, _ settings: HintSettings) {
        self.base = base
        self.hints = hints
        self.settings = settings
    }

    /// Does what there is to do for a queue, if this process leads and is not at it already.
    func tend(_ queue: QueueName) async {
        let epoch = desks.withLock { desks -> String? in
            guard desks[queue]?.isBusy != true else { return nil }
            desks[queue, default: Desk()].isBusy = true
            return desks[queue]?.epoch
        }
        guard let epoch else { return }
        defer { desks.withLock { $0[queue]?.isBusy = false } }
        switch await lead(queue, in: epoch) {
        case .follows: break
        case .leads(let window): await tend(window, of: queue)
        case .misses:
            guard let epoch = await begin(queue), case .leads(let window) = await lead(queue, in: epoch) else { return }
            await tend(window, of: queue)
        }
    }

    private func tend(_ window: Window, of queue: QueueName) async {
        for stand in window.stands where !stand.isWhole && (stand.place == nil || stand.size < window.low) {
            await fill(stand, by: window.cap - window.cap / 3, in: window.epoch)
        }
        await audit(window.stands, of: queue, in: window.epoch)
    }

    private func lead(_ queue: QueueName, in epoch: String) async -> Lead {
        let answer = await line.run(
            HintScripts.lead,
            keys: [.text(keys.leader(of: queue)), .text(keys.state(of: queue)), .text(keys.inFlight(of: queue))],
            [
                .text(me), .integer(Self.lease.wholeMicroseconds / 1_000), .text(epoch), .text(keys.ready(of: queue)),
                .integer(Int64(settings.flightTime)), .integer(Int64(Self.idleTime)), .integer(Int64(Self.keepTime)),
                .integer(Int64(settings.limit)),
            ])?.elements
        guard let answer, let state = answer.first?.number, state > 0 else { return .follows }
        guard state > 1, answer.count >= 3, let cap = answer[1].number, let low = answer[2].number else {
            return .misses
        }
        let stands = stride(from: 3, to: answer.count - 2, by: 3).compactMap { index -> Stand? in
            guard let suffix = answer[index].text, let kind = HintKeys.kind(suffix: suffix, in: queue),
                let reach = answer[index + 1].bytes, let size = answer[index + 2].number
            else { return nil }
            return Stand(kind: kind, reach: reach, size: Int(size))
        }
        return .leads(Window(epoch: epoch, cap: Int(cap), low: Int(low), stands: stands))
    }

    /// Begins a new epoch: nobody knows what has become of the hints of the last one.
    private func begin(_ queue: QueueName) async -> String? {
        let epoch = UUID().uuidString
        let limit = Int64(settings.limit)
        let answer = await line.run(
            HintScripts.begin, keys: [.text(keys.leader(of: queue)), .text(keys.state(of: queue))],
            [.text(me), .text(epoch), .integer(limit), .integer(limit / 3)])
        guard answer?.number == 1 else { return nil }
        desks.withLock { desks in
            desks[queue]?.epoch = epoch
            desks[queue]?.suspects = [:]
        }
        return epoch
    }

    /// Adds hints behind the last, by one ordered read.
    private func fill(_ stand: Stand, by count: Int, in epoch: String) async {
        let suffix = RedisArgument.text(HintKeys.suffix(of: stand.kind))
        let state = RedisArgument.text(keys.state(of: stand.kind.queueName))
        // Who is turned away from now on may not be among what is read.
        let mark = RedisCommand("HDEL", state, .text("m:" + HintKeys.suffix(of: stand.kind)))
        guard await line.send([mark]) != nil,
            let places = try? await base.readyJobs(in: [JobRange(of: stand.kind, after: stand.place)], limit: count)[0]
        else { return }
        let common: [RedisArgument] = [.text(epoch), suffix, .bytes(stand.reach)]
        let keys = [state, .text(keys.ready(stand.kind))]
        var calls = stride(from: 0, to: places.count, by: Self.batch).map { start in
            (
                keys: keys,
                arguments: common + ["", ""]
                    + places[start..<min(start + Self.batch, places.count)].flatMap(ReadyHints.arguments)
            )
        }
        let reach = places.last.map(JobHint.horizon) ?? stand.reach
        calls.append((keys, common + [.bytes(reach), places.count < count ? "*" : ""]))
        _ = await line.run(HintScripts.fill, calls)
    }

    /// Looks for jobs without hints among the first of each kind, and adds those that had none a while ago either.
    ///
    /// So the jobs come in that were made past Redis, or are due, and what Redis has lost.
    private func audit(_ stands: [Stand], of queue: QueueName, in epoch: String) async {
        let isDue = desks.withLock { desks in desks[queue].map { $0.nextAudit <= .now } ?? false }
        guard isDue, !stands.isEmpty else { return }
        let start = ContinuousClock.now
        if let found = try? await base.readyJobs(in: stands.map { JobRange(of: $0.kind) }, limit: settings.auditSize) {
            for (stand, places) in zip(stands, found) { await audit(stand, places, in: epoch) }
        }
        let end = ContinuousClock.now
        let next = max(start + settings.auditInterval, end + start.duration(to: end) * settings.auditRest)
        desks.withLock { $0[queue]?.nextAudit = next }
    }

    private func audit(_ stand: Stand, _ places: [JobPlace], in epoch: String) async {
        let within = places.filter { place in stand.isWhole || stand.place.map { place <= $0 } ?? false }
        guard !within.isEmpty else { return forget(stand.kind) }
        let key = RedisArgument.text(keys.ready(stand.kind))
        let scores = RedisCommand("ZMSCORE", [key] + within.map { .bytes(ByteBuffer(jobID: $0.id)) })
        guard let answers = await line.send([scores])?[0]?.elements, answers.count == within.count else { return }
        let missing = zip(within, answers).filter { $1 == .null }.map(\.0)
        let lost = desks.withLock { desks -> [JobPlace] in
            let queue = stand.kind.queueName
            let before = desks[queue]?.suspects[stand.kind] ?? []
            let lost = missing.filter { before.contains($0.id) }
            desks[queue]?.suspects[stand.kind] = Set(missing.map(\.id)).subtracting(lost.map(\.id))
            return lost
        }
        guard !lost.isEmpty else { return }
        _ = await line.send([RedisCommand("ZADD", [key, "NX"] + lost.flatMap(ReadyHints.arguments))])
        guard places.count == settings.auditSize, let last = within.last, stand.isWhole || last != stand.place else {
            return
        }
        // There may be more of them behind those that were read.
        _ = await line.run(
            HintScripts.fill, keys: [.text(keys.state(of: stand.kind.queueName)), key],
            [
                .text(epoch), .text(HintKeys.suffix(of: stand.kind)), .bytes(stand.reach),
                .bytes(JobHint.horizon(at: last)), "",
            ])
    }

    private func forget(_ kind: JobKind) {
        desks.withLock { $0[kind.queueName]?.suspects[kind] = nil }
    }
}
