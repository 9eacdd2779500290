internal import MillraceCore
internal import NIOCore

/// The windows of hints of one store's queues: what a process does with them in the course of its work.
struct ReadyHints: Sendable {
    /// What a claim has taken out of the windows.
    struct Catch: Sendable {
        var hints: [JobHint] = []
        /// The queues whose windows are missing, or short of hints.
        var wanting: [QueueName] = []
    }

    let keys: HintKeys
    let line: HintLine
    let desk: HintDesk

    /// More is not taken out, or handed in, at once: a script keeps everybody else waiting.
    private static let batch = 500

    /// Takes the hints of the most urgent jobs of a scope; `nil` when Redis is away.
    func take(upTo limit: Int, in scope: JobScope) async -> Catch? {
        let limit = min(limit, Self.batch)
        let kinds = Dictionary(grouping: scope.kinds, by: \.queueName)
        let skipped = scope.unreachable.map { RedisArgument.bytes(ByteBuffer(jobID: $0)) }
        let queues = Array(kinds.keys)
        let calls = queues.map { take(upTo: limit, kinds[$0] ?? [], of: $0, skipped) }
        guard let answers = await line.run(HintScripts.pop, calls) else { return nil }
        var caught = Catch()
        for (queue, answer) in zip(queues, answers) {
            guard let elements = answer?.elements, let state = elements.first?.number else { continue }
            if state != 1 { caught.wanting.append(queue) }
            caught.hints += elements.dropFirst().compactMap { $0.bytes.flatMap { JobHint($0, of: queue) } }
        }
        guard queues.count > 1 else { return caught }
        // Each queue has given as many as were wanted of all.
        caught.hints.sort { ($0.score, $0.id) < ($1.score, $1.id) }
        await giveBack(Array(caught.hints.dropFirst(limit)))
        caught.hints.removeLast(max(0, caught.hints.count - limit))
        return caught
    }

    private func take(
        upTo limit: Int, _ kinds: [JobKind], of queue: QueueName, _ skipped: [RedisArgument]
    ) -> (keys: [RedisArgument], arguments: [RedisArgument]) {
        let news = desk.takeNews(of: queue)
        let lists = [
            news.landed.map { RedisArgument.bytes($0) },
            news.claimed.values.joined().map { .bytes(ByteBuffer(jobID: $0)) }, skipped,
        ]
        return (
            [.text(keys.state(of: queue)), .text(keys.inFlight(of: queue))] + kinds.map { .text(keys.ready($0)) },
            [.integer(Int64(limit))] + lists.flatMap { [.integer(Int64($0.count))] + $0 }
                + kinds.map { .text(HintKeys.suffix(of: $0)) }
        )
    }

    /// Puts hints back that were taken out and not used.
    func giveBack(_ hints: [JobHint]) async {
        guard !hints.isEmpty else { return }
        let commands = hints.map { hint in
            RedisCommand(
                "ZADD", .text(keys.ready(of: hint.queue) + hint.suffix), "NX", .integer(hint.score),
                .bytes(ByteBuffer(jobID: hint.id)))
        }
        // By a task of its own: the claim may have ended because it was cancelled.
        guard let answers = await Task(operation: { [line] in await line.send(commands) }).value else { return }
        // What was not put back stays in flight, so that who leads does it.
        desk.land(zip(hints, answers).filter { $1 != nil }.map(\.0))
    }

    /// Tells Redis what is no longer in flight, and what was claimed without a hint, where no claim has done so.
    func tellNews() async {
        var commands: [RedisCommand] = []
        for queue in desk.queues {
            let news = desk.takeNews(of: queue)
            if !news.landed.isEmpty {
                commands.append(
                    RedisCommand("ZREM", [.text(keys.inFlight(of: queue))] + news.landed.map { .bytes($0) }))
            }
            commands += news.claimed.map { kind, ids in
                RedisCommand("ZREM", [.text(keys.ready(kind))] + ids.map { .bytes(ByteBuffer(jobID: $0)) })
            }
        }
        if !commands.isEmpty { _ = await line.send(commands) }
    }

    /// Adds hints of jobs that were just made, as far as the windows reach, and wakes those who wait for work.
    func add(_ requests: [JobRequest], _ receipt: EnqueueReceipt) async {
        guard let now = receipt.createdAt else { return }
        var places: [JobKind: [JobPlace]] = [:]
        var skipped = receipt.skipped[...]
        for (position, request) in requests.enumerated() {
            if skipped.first == position {
                skipped.removeFirst()
            } else if request.scheduledAt.map({ $0 <= now }) ?? true {
                places[JobKind(request), default: []].append(
                    JobPlace(priority: request.priority, createdAt: now, id: receipt.ids[position]))
            }
        }
        guard !places.isEmpty else { return }
        for kind in places.keys { places[kind]?.sort() }
        let first = places.map { kind, places in add(places.prefix(Self.batch), of: kind, isFirst: true) }
        guard let answers = await line.run(HintScripts.push, first) else { return }
        // Where the window reaches to none of the first, it reaches to none of the others.
        let reached = zip(places, answers).filter { ($1?.number ?? 0) > 0 }.map(\.0)
        let rest = reached.flatMap { kind, places in
            stride(from: Self.batch, to: places.count, by: Self.batch).map { start in
                add(places[start..<min(start + Self.batch, places.count)], of: kind, isFirst: false)
            }
        }
        if !rest.isEmpty { _ = await line.run(HintScripts.push, rest) }
    }

    private func add(
        _ places: ArraySlice<JobPlace>, of kind: JobKind, isFirst: Bool
    ) -> (keys: [RedisArgument], arguments: [RedisArgument]) {
        (
            [.text(keys.state(of: kind.queueName)), .text(keys.ready(kind))],
            [.text(isFirst ? keys.work : ""), .text(HintKeys.suffix(of: kind))] + places.flatMap(Self.arguments)
        )
    }

    static func arguments(for place: JobPlace) -> [RedisArgument] {
        [.integer(JobHint.score(of: place)), .bytes(ByteBuffer(jobID: place.id))]
    }

    /// What is said to those who wait for work.
    enum Word: String {
        /// There are new jobs.
        case jobs
        /// Jobs are queued again, without hints.
        case again
    }

    /// Says that jobs are queued again of which there are no hints.
    func announceAgain() async {
        _ = await line.send([RedisCommand("PUBLISH", .text(keys.work), .text(Word.again.rawValue))])
    }
}
