internal import MillraceCore
internal import Subprocess
internal import SystemPackage

/// A program that runs under watch: it is a session of its own, ends with this process however that ends (where
/// `setpriv` is installed), and is killed with all its children when its task is cancelled or its time is up.
struct SupervisedProgram: Sendable {
    /// How a run came to its end.
    struct Ending<Output: Sendable, Errors: Sendable>: Sendable {
        /// What the program wrote to its standard output, if that was collected.
        let output: Output
        /// What was made of its standard error.
        let errors: Errors
        /// Why it did not end well, as in `exited with code 1`; `nil` when it did.
        let trouble: String?
    }

    /// The program's name, for messages.
    let name: String
    /// The longest that the run may take.
    let timeout: Duration
    /// What to do when it took longer, for the message.
    let advice: String

    private let executable: String
    private let arguments: [String]
    private let environment: [String: String?]

    /// Looks for the program, as a shell does, and for `setpriv`. Blocks the thread.
    ///
    /// Throws `engineUnavailable` when there is no such program.
    init(
        _ program: String, arguments: [String], environment: [String: String?] = [:], timeout: Duration, advice: String
    ) throws(TranscriptionError) {
        let path = try ProgramLocation.find(program)
        name = program.split(separator: "/").last.map(String.init) ?? program
        self.timeout = timeout
        self.advice = advice
        self.environment = environment
        // The kernel kills the program when the thread that started it ends; the thread that starts all
        // programs lives as long as this process.
        if let setpriv = try? ProgramLocation.find("setpriv") {
            executable = setpriv
            self.arguments = ["--pdeathsig", "KILL", "--", path] + arguments
        } else {
            executable = path
            self.arguments = arguments
        }
    }

    /// Runs the program; its standard input is `input`, or empty.
    ///
    /// Throws `cancelled`, `timedOut`, `badOutput` when it wrote more than `output` takes, and `engineFailed` when it
    /// cannot be started. A program that fails throws nothing.
    func run<Output: OutputProtocol, Errors: ErrorListener>(
        input: FileDescriptor? = nil, output: Output, errors: Errors
    ) async throws(TranscriptionError) -> Ending<Output.OutputType, Errors> {
        typealias Outcome = Result<Ending<Output.OutputType, Errors>, TranscriptionError>
        let result = await withTaskGroup(of: Step<Output.OutputType, Errors>.self) { group -> Outcome in
            group.addTask { await .ended(start(input: input, output: output, errors: errors)) }
            group.addTask { [timeout] in
                do {
                    try await Task.sleep(for: timeout)
                    return .timedOut
                } catch {
                    return .timerCancelled
                }
            }
            var isTimedOut = false
            var result = Outcome.failure(.cancelledTask)
            for await step in group {
                switch step {
                case .ended(let outcome): result = outcome
                case .timedOut: isTimedOut = true
                case .timerCancelled: break
                }
                group.cancelAll()
            }
            if Task.isCancelled { return .failure(.cancelledTask) }
            // It may have ended well at the last moment.
            if isTimedOut, (try? result.get()).map({ $0.trouble != nil }) ?? true { return .failure(tooSlow) }
            return result
        }
        return try result.get()
    }

    private enum Step<Output: Sendable, Errors: Sendable>: Sendable {
        case ended(Result<Ending<Output, Errors>, TranscriptionError>)
        case timedOut
        case timerCancelled
    }

    private var tooSlow: TranscriptionError {
        TranscriptionError(
            .timedOut, "\(name) did not answer within \(timeout); \(advice)", isRetryable: true)
    }

    private static let teardown: [TeardownStep] = [
        .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(300))
    ]

    private func start<Output: OutputProtocol, Errors: ErrorListener>(
        input: FileDescriptor?, output: Output, errors: Errors
    ) async -> Result<Ending<Output.OutputType, Errors>, TranscriptionError> {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = Self.teardown
        let configuration = Configuration(
            executable: .path(FilePath(executable)), arguments: Arguments(arguments),
            environment: .inherit.updating(
                Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
            platformOptions: options)
        do {
            if let input {
                return .success(
                    try await start(
                        configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: false),
                        output: output, errors: errors))
            }
            return .success(try await start(configuration, input: .none, output: output, errors: errors))
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            return .failure(
                TranscriptionError(.badOutput, "\(name) wrote more than \(output.maxSize / 1_000_000) MB of output"))
        } catch {
            return .failure(
                TranscriptionError(
                    .engineFailed, "\(name) could not be run: \(error)", isRetryable: true, cause: error))
        }
    }

    private func start<Output: OutputProtocol, Errors: ErrorListener>(
        _ configuration: Configuration, input: some InputProtocol, output: Output, errors: Errors
    ) async throws -> Ending<Output.OutputType, Errors> {
        let run = try await Subprocess.run(configuration, input: input, output: output, error: .sequence) {
            execution in
            var errors = errors
            do {
                for try await buffer in execution.standardError {
                    buffer.withUnsafeBytes { errors.append($0) }
                }
            } catch {
                // What the program said before its standard error broke is all there is.
            }
            if Task.isCancelled {
                // The teardown stops when the program itself is gone; its children may have ignored the signal.
                await execution.teardown(using: Self.teardown)
                try? execution.send(signal: .kill, toProcessGroup: true)
            }
            return errors
        }
        let trouble: String? =
            switch run.terminationStatus {
            case .exited(0): nil
            case .exited(let code): "exited with code \(code)"
            case .signaled(let signal): "was ended by signal \(signal)"
            }
        return Ending(output: run.standardOutput, errors: run.closureResult, trouble: trouble)
    }
}

/// Takes in what a program writes to its standard error, block by block.
protocol ErrorListener: Sendable {
    /// Takes the next bytes.
    mutating func append(_ bytes: UnsafeRawBufferPointer)
}

extension ErrorTail: ErrorListener {
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        append(Array(bytes))
    }
}
