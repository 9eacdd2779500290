internal import ArgumentParser
internal import Foundation
internal import Logging
internal import Millrace

/// The options that choose the speech engine.
struct EngineOptions: ParsableArguments {
    /// The engines by name.
    enum Engine: String, CaseIterable, ExpressibleByArgument {
        case pocketsphinx, openai, command
    }

    @Option(
        help: ArgumentHelp(
            "The speech engine: pocketsphinx (offline, English), openai or command.", valueName: "name"))
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

    @Option(
        name: .customLong("base-url"),
        help: ArgumentHelp(
            "Where the API of the engine `openai` is, if not at OpenAI.",
            discussion: """
                Any that has POST /v1/audio/transcriptions, as http://localhost:8000/v1. Its key comes from \
                MILLRACE_OPENAI_API_KEY, else from OPENAI_API_KEY, which is only sent encrypted or to this machine.
                """,
            valueName: "url"))
    var baseURL: String?

    @Option(
        help: ArgumentHelp(
            "The model of the engine `openai`, \(OpenAIConfiguration.standardModel) if not given.", valueName: "name"))
    var model: String?

    func validate() throws {
        if engine == .command, command == nil {
            throw ValidationError("The engine command needs --command with the program to run.")
        }
        for (option, value, owner) in [
            ("--command", command, Engine.command), ("--base-url", baseURL, .openai), ("--model", model, .openai),
        ] where value != nil && owner != chosen {
            throw ValidationError("\(option) is for --engine \(owner.rawValue), not for \(chosen.rawValue).")
        }
        do throws(InvalidValue) {
            if let command { _ = try CommandTranscriber(words: CommandLineWords(command).words) }
        } catch {
            throw ValidationError("--command \(error.reason).")
        }
        do throws(InvalidValue) {
            if let baseURL { _ = try APIBaseURL(baseURL) }
        } catch {
            throw ValidationError("--base-url \(error.reason).")
        }
        do throws(InvalidValue) {
            if let model { _ = try OpenAIConfiguration(model: model).identity() }
        } catch {
            throw ValidationError("--model \(error.reason).")
        }
    }

    /// Runs something with the engine that was chosen, and lets go of what the engine holds on every way out.
    ///
    /// `concurrency` is how many chunks it may be given at one time.
    func withTranscriber<Value>(
        concurrency: Int, logger: Logger, _ body: (any Transcriber) async throws -> Value
    ) async throws -> Value {
        switch chosen {
        case .pocketsphinx: return try await body(PocketSphinxTranscriber())
        case .command: return try await body(CommandTranscriber(words: CommandLineWords(command ?? "").words))
        case .openai: return try await OpenAITranscriber.with(api(concurrency: concurrency), logger: logger, body)
        }
    }

    /// The name of the chosen engine as workers match it, which takes neither its program nor its key.
    ///
    /// - Throws: when it does not know the language, or cannot use a prompt.
    func identity(language: String?, prompt: String?) throws -> EngineIdentity {
        let transcriber: any Transcriber
        switch chosen {
        case .openai:
            let base = if let baseURL { try APIBaseURL(baseURL) } else { APIBaseURL.openAI }
            return try OpenAIConfiguration(
                baseURL: base, model: model ?? OpenAIConfiguration.standardModel
            ).identity()
        case .pocketsphinx: transcriber = PocketSphinxTranscriber()
        case .command: transcriber = try CommandTranscriber(words: CommandLineWords(command ?? "").words)
        }
        try transcriber.check(language: language)
        if let prompt, !prompt.isEmpty { try transcriber.check(prompt: prompt) }
        return transcriber.identity
    }

    /// The engine by name; a bare `--command` or `--base-url` means the engine that it is for.
    private var chosen: Engine {
        engine ?? (command != nil ? .command : baseURL != nil ? .openai : .pocketsphinx)
    }

    private func api(concurrency: Int) throws(InvalidValue) -> OpenAIConfiguration {
        let base = if let baseURL { try APIBaseURL(baseURL) } else { APIBaseURL.openAI }
        return OpenAIConfiguration(
            baseURL: base, model: model ?? OpenAIConfiguration.standardModel,
            key: try APIKey(for: base, environment: ProcessInfo.processInfo.environment), concurrency: concurrency)
    }
}
