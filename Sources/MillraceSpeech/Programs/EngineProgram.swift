internal import Foundation
internal import MillraceCore
internal import Subprocess
internal import SystemPackage

/// A speech program that is given a chunk as a WAV file and answers on its standard output.
///
/// Every run is a session of its own, ends with this process however that ends (where `setpriv` is installed), and
/// is killed with all its children when its task is cancelled or its time is up.
struct EngineProgram: Sendable {
    /// The files of a run.
    struct Files: Sendable {
        /// The folder, private to the run.
        let folder: String
        /// The chunk as WAV, 16 kHz mono.
        let wav: String
    }

    /// The largest answer taken, in bytes.
    static let outputLimit = 16_000_000

    /// The program as it was named; looked up anew in every run.
    let program: String
    /// Makes the arguments of a run.
    let arguments: @Sendable (Files) -> [String]
    /// Whether the WAV is also the standard input; otherwise that is empty.
    let readsStandardInput: Bool
    /// Names of further files in the folder, with their content.
    var extraFiles: [String: String] = [:]
    /// The longest that a run may take.
    let timeout: Duration

    private static let queue = BlockingQueue(label: "millrace.engine-files", width: 4)

    /// Looks for the program, and clears away what killed processes left behind.
    func check() async throws(TranscriptionError) {
        _ = try await Self.queue.run { _ throws(TranscriptionError) in
            ScratchFolder.removeAbandoned()
            return try ProgramLocation.find(program)
        }
    }

    /// Runs the program on a chunk and returns what it wrote to its standard output.
    func run(
        on audio: AudioChunk, environment: [String: String?] = [:]
    ) async throws(TranscriptionError) -> [UInt8] {
        let launch = try await Self.queue.run { _ throws(TranscriptionError) in try prepare(audio) }
        let result = await runWithinTime(launch, environment: environment)
        await Self.queue.finish { launch.close() }
        return try result.get()
    }

    // MARK: - Files

    private struct Launch: Sendable {
        let executable: String
        let arguments: [String]
        let folder: ScratchFolder
        let input: FileDescriptor?

        func close() {
            try? input?.close()
            folder.remove()
        }
    }

    private func prepare(_ audio: AudioChunk) throws(TranscriptionError) -> Launch {
        let path = try ProgramLocation.find(program)
        let folder = try ScratchFolder()
        do throws(TranscriptionError) {
            let wav = try folder.write(WAVEncoder.encode(audio), to: "chunk.wav")
            for (name, text) in extraFiles { _ = try folder.write(Array(text.utf8), to: name) }
            let own = arguments(Files(folder: folder.path, wav: wav))
            // A file, no pipe: a program that does not read it all can do us no harm.
            let input = readsStandardInput ? try folder.open(wav) : nil
            // The kernel kills the program when the thread that started it ends; the thread that starts all
            // programs lives as long as this process.
            guard let setpriv = try? ProgramLocation.find("setpriv") else {
                return Launch(executable: path, arguments: own, folder: folder, input: input)
            }
            return Launch(
                executable: setpriv, arguments: ["--pdeathsig", "KILL", "--", path] + own, folder: folder,
                input: input)
        } catch {
            folder.remove()
            throw error
        }
    }

    // MARK: - Running

    private enum Ending: Sendable {
        case ended(Result<[UInt8], TranscriptionError>)
        case timedOut
        case timerCancelled
    }

    private func runWithinTime(
        _ launch: Launch, environment: [String: String?]
    ) async -> Result<[UInt8], TranscriptionError> {
        await withTaskGroup(of: Ending.self) { group in
            group.addTask { await .ended(start(launch, environment: environment)) }
            group.addTask { [timeout] in
                do {
                    try await Task.sleep(for: timeout)
                    return .timedOut
                } catch {
                    return .timerCancelled
                }
            }
            var isTimedOut = false
            var result = Result<[UInt8], TranscriptionError>.failure(.cancelledTask)
            for await ending in group {
                switch ending {
                case .ended(let outcome): result = outcome
                case .timedOut: isTimedOut = true
                case .timerCancelled: break
                }
                group.cancelAll()
            }
            if Task.isCancelled { return .failure(.cancelledTask) }
            if isTimedOut, case .failure = result {
                return .failure(
                    TranscriptionError(
                        .timedOut, "\(name) did not answer within \(timeout); give it more time or shorter chunks",
                        isRetryable: true))
            }
            return result
        }
    }

    private static let teardown: [TeardownStep] = [
        .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(300))
    ]

    private func start(
        _ launch: Launch, environment: [String: String?]
    ) async -> Result<[UInt8], TranscriptionError> {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = Self.teardown
        let configuration = Configuration(
            executable: .path(FilePath(launch.executable)), arguments: Arguments(launch.arguments),
            environment: .inherit.updating(
                Dictionary(uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
            platformOptions: options)
        do {
            if let input = launch.input {
                return try await start(
                    configuration, input: .fileDescriptor(input, closeAfterSpawningProcess: false))
            }
            return try await start(configuration, input: .none)
        } catch let error as SubprocessError where error.code == .outputLimitExceeded {
            return .failure(
                TranscriptionError(.badOutput, "\(name) wrote more than \(Self.outputLimit / 1_000_000) MB of output"))
        } catch {
            return .failure(
                TranscriptionError(
                    .engineFailed, "\(name) could not be run: \(error)", isRetryable: true, cause: error))
        }
    }

    private func start(
        _ configuration: Configuration, input: some InputProtocol
    ) async throws -> Result<[UInt8], TranscriptionError> {
        let run = try await Subprocess.run(
            configuration, input: input, output: .bytes(limit: Self.outputLimit), error: .sequence
        ) { execution in
            var tail = ErrorTail()
            do {
                for try await buffer in execution.standardError {
                    buffer.withUnsafeBytes { tail.append($0) }
                }
            } catch {
                // What the program said before its standard error broke is all there is.
            }
            if Task.isCancelled {
                // The teardown stops when the program itself is gone; its children may have ignored the signal.
                await execution.teardown(using: Self.teardown)
                try? execution.send(signal: .kill, toProcessGroup: true)
            }
            return tail
        }
        switch run.terminationStatus {
        case .exited(0): return .success(run.standardOutput)
        case .exited(let code): return .failure(failure("exited with code \(code)", run.closureResult))
        case .signaled(let signal): return .failure(failure("was ended by signal \(signal)", run.closureResult))
        }
    }

    private var name: String {
        program.split(separator: "/").last.map(String.init) ?? program
    }

    private func failure(_ reason: String, _ tail: ErrorTail) -> TranscriptionError {
        let said = tail.line
        return TranscriptionError(
            .engineFailed, "\(name) \(reason)\(said.isEmpty ? ", without a word on standard error" : ": \(said)")",
            isRetryable: true)
    }
}
