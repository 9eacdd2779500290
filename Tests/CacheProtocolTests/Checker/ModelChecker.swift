import Foundation

private let checkerThreads: OperationQueue = {
    let threads = OperationQueue()
    threads.maxConcurrentOperationCount = 2
    return threads
}()

/// Visits every state that a model can be in, whatever the order of its steps, and tells which promises are broken.
///
/// Breadth first, so that the trace of what it finds is a shortest one. Every state is kept whole: two that are
/// different are never taken for one.
struct ModelChecker<M: Model>: Sendable {
    /// What was found.
    struct Report: Sendable {
        var states = 0
        var ends = 0
        /// How many states break each promise, by the bit of the promise.
        var broken: [Promises: Int] = [:]
        /// The steps to the first state that breaks a promise, by the bit of the promise.
        var traces: [Promises: [M.Step]] = [:]
    }

    let model: M

    /// Visits all.
    ///
    /// `limit` bounds the states; a model that has more is a mistake in its making, and ends the program.
    func run(limit: Int = 60_000_000) -> Report {
        var report = Report()
        var visited = StateTable<M.State>()
        var origins: [Origin] = []
        var successors = Successors<M.State, M.Step>()
        for state in model.beginnings where visited.insert(state) { origins.append(Origin(parent: -1, step: nil)) }
        var next = 0
        while next < visited.count {
            let state = visited[next]
            let isEnd = model.isEnd(state)
            if isEnd { report.ends += 1 }
            let broken = model.broken(in: state, isEnd: isEnd)
            if !broken.isEmpty { note(broken, at: next, origins: origins, in: &report) }
            successors.removeAll()
            model.addSteps(from: state, to: &successors)
            for successor in successors.list where visited.insert(successor.state) {
                origins.append(Origin(parent: Int32(next), step: successor.step))
            }
            precondition(visited.count <= limit, "the model has too many states")
            next += 1
        }
        report.states = visited.count
        return report
    }

    /// Visits all on a thread apart from those of tasks, two models at a time: tests that wait for servers go on meanwhile.
    func report() async -> Report {
        await withCheckedContinuation { continuation in
            checkerThreads.addOperation { continuation.resume(returning: run()) }
        }
    }

    /// How a state was first reached.
    private struct Origin {
        let parent: Int32
        let step: M.Step?
    }

    private func note(_ broken: Promises, at index: Int, origins: [Origin], in report: inout Report) {
        for bit in UInt8(0)..<8 {
            let promise = Promises(rawValue: 1 << bit)
            guard broken.contains(promise) else { continue }
            report.broken[promise, default: 0] += 1
            if report.traces[promise] == nil { report.traces[promise] = trace(to: index, origins: origins) }
        }
    }

    private func trace(to index: Int, origins: [Origin]) -> [M.Step] {
        var steps: [M.Step] = []
        var place = index
        while let step = origins[place].step {
            steps.append(step)
            place = Int(origins[place].parent)
        }
        return steps.reversed()
    }
}
