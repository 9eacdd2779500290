internal import ArgumentParser
internal import Millrace

/// What the commands about what a store holds have in common.
struct StoredWork: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var redis: RedisOptions
    @OptionGroup var output: OutputOptions

    /// Opens the store and does something with it; a failure is one line on standard error.
    func open(_ body: (Millrace, Console) async throws -> Void) async throws {
        let console = try output.console()
        do {
            try await Millrace.with(
                store: store.location(), redis: redis.server(), logger: output.logger(console)
            ) { millrace in
                try await body(millrace, console)
            }
        } catch let exit as ExitCode {
            throw exit
        } catch {
            console.error("\(error)")
            throw ExitCode(ProgramExit.failed.rawValue)
        }
    }

    /// Does something for each of several ids, whatever becomes of the others; each failure is one line on standard error.
    func forEach<Entity>(
        _ ids: [String], _ parse: (String) throws -> Identifier<Entity>,
        _ body: (Millrace, Identifier<Entity>) async throws -> Void
    ) async throws {
        try await open { millrace, console in
            var end = ProgramExit.done
            for text in ids {
                do {
                    try await body(millrace, parse(text))
                } catch {
                    console.error("\(OneLine.of(text)): \(error)")
                    end = .failed
                }
            }
            try end.end()
        }
    }
}
