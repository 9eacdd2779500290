internal import Subprocess
internal import Synchronization

/// The workers of a run that run now, each a process at its place.
final class WorkerField: Sendable {
    private struct State {
        var workers: [(process: Int32, signals: AsyncStream<Signal>.Continuation)?]
        var starts = 0
        var busy: Set<Int32> = []
        var isClosed = false
    }

    private let state: Mutex<State>

    init(workers: Int) {
        state = Mutex(State(workers: Array(repeating: nil, count: workers)))
    }

    /// The places of the workers that were said to be busy; all, when none of these is there.
    var victims: [Int] {
        state.withLock { state in
            let busy = state.workers.indices.filter { place in
                state.workers[place].map { state.busy.contains($0.process) } ?? false
            }
            return busy.isEmpty ? Array(state.workers.indices) : busy
        }
    }

    var starts: Int { state.withLock { $0.starts } }
    var isClosed: Bool { state.withLock { $0.isClosed } }
    /// The processes of the workers that are there.
    var processes: [Int32] { state.withLock { $0.workers.compactMap { $0?.process } } }

    /// Takes in a worker.
    ///
    /// - Returns: the signal that it is to be sent.
    func enter(_ place: Int, process: Int32) -> AsyncStream<Signal> {
        let (stream, continuation) = AsyncStream.makeStream(of: Signal.self)
        let isClosed = state.withLock { state in
            state.workers[place] = (process, continuation)
            state.starts += 1
            return state.isClosed
        }
        if isClosed { send(.terminate, to: place) }
        return stream
    }

    /// Notes which processes have something to do.
    func note(busy: Set<Int32>) { state.withLock { $0.busy = busy } }

    /// Has a signal sent to the worker at a place.
    ///
    /// - Returns: whether there is one.
    @discardableResult
    func send(_ signal: Signal, to place: Int) -> Bool {
        let worker = state.withLock { state in
            defer { state.workers[place] = nil }
            return state.workers[place]
        }
        worker?.signals.yield(signal)
        worker?.signals.finish()
        return worker != nil
    }

    /// Ends all workers, with care, and those that begin later.
    func close() {
        let places = state.withLock { state in
            state.isClosed = true
            return state.workers.indices
        }
        for place in places { send(.terminate, to: place) }
    }
}
