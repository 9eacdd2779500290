internal import ArgumentParser

/// How the program ends. The raw value is the exit status.
enum ProgramExit: Int32, Sendable {
    /// Everything was done.
    case done = 0
    /// Nothing came of it.
    case failed = 1
    /// A transcript has gaps.
    case partial = 2
    /// Stopped by Ctrl-C or SIGTERM, the state kept.
    case interrupted = 130

    /// The worse of two, for runs over several files.
    static func worse(_ left: ProgramExit, _ right: ProgramExit) -> ProgramExit {
        let order: [ProgramExit] = [.interrupted, .failed, .partial, .done]
        return order.first { $0 == left || $0 == right } ?? .done
    }

    /// Ends the command unless everything was done.
    func end() throws {
        if self != .done { throw ExitCode(rawValue) }
    }
}
