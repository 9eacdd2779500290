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
        let launch = try await Self.queue.run { _ throws(TranscriptionError) in
            try prepare(audio, environment: environment)
        }
        let result: Result<[UInt8], TranscriptionError>
        do throws(TranscriptionError) {
            result = .success(try await output(of: launch))
        } catch {
            result = .failure(error)
        }
        await Self.queue.finish { launch.close() }
        return try result.get()
    }

    private struct Launch: Sendable {
        let program: SupervisedProgram
        let folder: ScratchFolder
        let input: FileDescriptor?

        func close() {
            try? input?.close()
            folder.remove()
        }
    }

    private func prepare(
        _ audio: AudioChunk, environment: [String: String?]
    ) throws(TranscriptionError) -> Launch {
        _ = try ProgramLocation.find(program)
        let folder = try ScratchFolder()
        do throws(TranscriptionError) {
            let wav = try folder.write(WAVEncoder.encode(audio), to: "chunk.wav")
            for (name, text) in extraFiles { _ = try folder.write(Array(text.utf8), to: name) }
            let program = try SupervisedProgram(
                program, arguments: arguments(Files(folder: folder.path, wav: wav)), environment: environment,
                timeout: timeout, advice: "give it more time or shorter chunks")
            // A file, no pipe: a program that does not read it all can do us no harm.
            return Launch(
                program: program, folder: folder, input: readsStandardInput ? try folder.open(wav) : nil)
        } catch {
            folder.remove()
            throw error
        }
    }

    private func output(of launch: Launch) async throws(TranscriptionError) -> [UInt8] {
        let ending = try await launch.program.run(
            input: launch.input, output: .bytes(limit: Self.outputLimit), errors: ErrorTail())
        guard let trouble = ending.trouble else { return ending.output }
        let said = ending.errors.line
        throw TranscriptionError(
            .engineFailed,
            "\(launch.program.name) \(trouble)\(said.isEmpty ? ", without a word on standard error" : ": \(said)")",
            isRetryable: true)
    }
}
