internal import ArgumentParser
internal import Millrace

/// What the commands about the store itself have in common.
struct MaintainedStore: ParsableArguments {
    @OptionGroup var options: StoreOptions
    @OptionGroup var output: OutputOptions

    /// Does something with the store; a failure is one line on standard error.
    ///
    /// Ctrl-C ends it early, with nothing left half done.
    func maintain(
        _ body: @escaping @Sendable (StoreMaintenance, Console) async throws -> ProgramExit
    ) async throws {
        try await Self.attend(output) { [options] console in
            try await body(StoreMaintenance(store: options.location()), console)
        }
    }

    /// The same for what needs more than one store.
    static func attend(
        _ output: OutputOptions, _ body: @escaping @Sendable (Console) async throws -> ProgramExit
    ) async throws {
        let console = try output.console()
        let end: ProgramExit
        do {
            end = try await Interrupts.whileHandling(with: console) { stop in
                try await withThrowingTaskGroup(of: ProgramExit.self) { group in
                    group.addTask { try await body(console) }
                    group.addTask {
                        await stop.wait()
                        return .interrupted
                    }
                    defer { group.cancelAll() }
                    return try await group.next() ?? .failed
                }
            }
        } catch {
            console.error("\(error)")
            throw ExitCode(ProgramExit.failed.rawValue)
        }
        try end.end()
    }
}
