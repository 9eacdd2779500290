internal import ArgumentParser
internal import Millrace

/// The options that choose the speech engine.
struct EngineOptions: ParsableArguments {
    /// The engines by name.
    enum Engine: String, CaseIterable, ExpressibleByArgument {
        case pocketsphinx, command
    }

    @Option(
        help: ArgumentHelp(
            "The speech engine: pocketsphinx (offline, English) or command.", valueName: "name"))
    var engine: Engine?

    @Option(
        help: ArgumentHelp(
            "The program of the engine `command`, with its arguments.",
            discussion: """
                Split into words as a shell does, but run without one. {file} in a word is replaced by the path of \
                a WAV file; without it the WAV comes on standard input. The program prints the text, or JSON with \
                segments.
                """,
            valueName: "words"))
    var command: String?

    func validate() throws {
        if engine == .command, command == nil {
            throw ValidationError("The engine command needs --command with the program to run.")
        }
        if let engine, engine != .command, command != nil {
            throw ValidationError("--command is for --engine command, not for \(engine.rawValue).")
        }
        if let command {
            do throws(InvalidValue) {
                _ = try CommandTranscriber(words: CommandLineWords(command).words)
            } catch {
                throw ValidationError("--command \(error.reason).")
            }
        }
    }

    /// The engine that was chosen; a bare `--command` means the engine of that name.
    func transcriber() throws -> any Transcriber {
        guard let command else { return PocketSphinxTranscriber() }
        return try CommandTranscriber(words: CommandLineWords(command).words)
    }
}
