internal import Foundation
internal import Millrace
internal import UnixSignals

/// Ctrl-C and SIGTERM: the first time the work is stopped with care, the second time the program ends at once.
enum Interrupts {
    /// Runs something that stops by a signal, and raises that signal at the first interrupt.
    ///
    /// `farewell` is said when the second one ends the program.
    static func whileHandling<Value: Sendable>(
        with console: Console, farewell: String? = nil,
        _ body: @escaping @Sendable (StopSignal) async throws -> Value
    ) async throws -> Value {
        let stop = StopSignal()
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask {
                for await _ in signals {
                    if stop.isRaised {
                        // What is held is freed by the next process on this host, or when the lease ends.
                        console.status(nil)
                        if let farewell { console.note(farewell) }
                        exit(ProgramExit.interrupted.rawValue)
                    }
                    stop.raise()
                    console.note("Stopping; what is done is kept. Again to stop at once.")
                }
                return nil
            }
            group.addTask { try await body(stop) }
            defer { group.cancelAll() }
            while let value = try await group.next() {
                if let value { return value }
            }
            throw CancellationError()
        }
    }
}
