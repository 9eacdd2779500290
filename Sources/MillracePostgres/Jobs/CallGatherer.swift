internal import DequeModule
internal import MillraceCore
internal import Synchronization

/// Gathers what many tasks ask for at the same time into few statements.
///
/// Who comes when nothing is under way is served at once; while that takes its time, others gather, and are served
/// together when it is done. Nobody is told of success before the statement is committed, and everybody waits for that:
/// so no more is taken on than can be done.
final class CallGatherer<Item: Sendable, Answer: Sendable>: Sendable {
    /// When gathered calls are served.
    struct Options: Sendable {
        /// No more items in one statement, unless one call has more.
        var size = 500
        /// How long to wait for more after a statement, when there are fewer than `size`.
        var delay = Duration.zero
        /// Statements under way at the same time.
        var lanes = 2
        /// A call of so many items has a statement of its own.
        var apart = 64
    }

    private struct Call {
        let id: UInt64
        let items: [Item]
        let answer: CheckedContinuation<Result<Answer, StoreError>, Never>
    }

    private struct State {
        var calls: Deque<Call> = []
        var waiting = 0
        var nextID: UInt64 = 0
        var lanes = 0
    }

    private enum Step { case wait, work, refuse }

    private let options: Options
    /// Does what several calls ask for; the answers are in the order of the calls.
    private let serve: @Sendable ([[Item]]) async throws(StoreError) -> [Answer]
    private let state = Mutex(State())

    init(_ options: Options, serve: @escaping @Sendable ([[Item]]) async throws(StoreError) -> [Answer]) {
        self.options = options
        self.serve = serve
    }

    /// Throws `cancelled` when the task is cancelled before the items were taken up; what was taken up is done.
    func call(_ items: [Item]) async throws(StoreError) -> Answer {
        guard items.count < options.apart else {
            if Task.isCancelled { throw Self.cancelled }
            let answers = try await serve([items])
            return answers[0]
        }
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { submit(Call(id: id, items: items, answer: $0)) }
        } onCancel: {
            withdraw(id)
        }
        return try result.get()
    }

    /// How many calls wait to be served.
    var waitingCalls: Int { state.withLock { $0.calls.count } }

    private static var cancelled: StoreError {
        StoreError(.cancelled, "cancelled before the store took the work", cause: CancellationError())
    }

    private func submit(_ call: Call) {
        let step: Step = state.withLock { state in
            if Task.isCancelled { return .refuse }
            state.calls.append(call)
            state.waiting += call.items.count
            guard state.lanes == 0 || state.lanes < options.lanes && isWorthALane(state) else { return .wait }
            state.lanes += 1
            return .work
        }
        switch step {
        case .wait: break
        // Not the caller's own task, nor a child of it: that it is cancelled is no business of those who are served with
        // it, and they have nothing to do with its trace or with the connection that it holds. It ends when nobody waits.
        case .work: Task.detached { [self] in await work() }
        case .refuse: call.answer.resume(returning: .failure(Self.cancelled))
        }
    }

    private func isWorthALane(_ state: State) -> Bool {
        options.delay == .zero || state.waiting >= options.size
    }

    private func withdraw(_ id: UInt64) {
        let call = state.withLock { state -> Call? in
            guard let place = state.calls.firstIndex(where: { $0.id == id }) else { return nil }
            let call = state.calls.remove(at: place)
            state.waiting -= call.items.count
            return call
        }
        call?.answer.resume(returning: .failure(Self.cancelled))
    }

    private func work() async {
        var calls = next()
        while !calls.isEmpty {
            await serve(calls)
            if options.delay > .zero, state.withLock({ (1..<options.size).contains($0.waiting) }) {
                // Not cancelled by anybody; when it is, there is no more to gather.
                try? await ContinuousClock().sleep(for: options.delay)
            }
            calls = next()
        }
    }

    /// The calls that are served together; none, and the end of the lane, when nobody waits.
    private func next() -> [Call] {
        state.withLock { state in
            var calls: [Call] = []
            var size = 0
            while let call = state.calls.first, calls.isEmpty || size + call.items.count <= options.size {
                state.calls.removeFirst()
                state.waiting -= call.items.count
                size += call.items.count
                calls.append(call)
            }
            if calls.isEmpty { state.lanes -= 1 }
            return calls
        }
    }

    private func serve(_ calls: [Call]) async {
        do throws(StoreError) {
            let answers = try await serve(calls.map(\.items))
            for (call, answer) in zip(calls, answers) { call.answer.resume(returning: .success(answer)) }
        } catch {
            guard calls.count > 1, error.code == .invalid || error.code == .conflict || error.code == .unexpected else {
                for call in calls { call.answer.resume(returning: .failure(error)) }
                return
            }
            // What one of them asks for cannot be done; the others have nothing to do with that.
            for call in calls { await serve([call]) }
        }
    }
}
