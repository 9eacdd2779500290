internal import ArgumentParser
internal import Millrace

/// What the commands about stored transcripts have in common.
struct StoredTranscripts: ParsableArguments {
    @OptionGroup var store: StoreOptions
    @OptionGroup var output: OutputOptions

    /// Opens the store and does something with it; a failure is one line on standard error.
    func open(_ body: (Millrace, Console) async throws -> Void) async throws {
        let console = try output.console()
        do {
            try await body(Millrace(store: store.location(), logger: output.logger(console)), console)
        } catch let exit as ExitCode {
            throw exit
        } catch {
            console.error("\(error)")
            throw ExitCode(ProgramExit.failed.rawValue)
        }
    }

    /// The transcript that a user named.
    func load(_ text: String, from millrace: Millrace) async throws -> Transcript {
        guard let id = TranscriptID(text) else {
            throw StoreError(.invalid, "\(text) is not the id of a transcript; see millrace transcripts list")
        }
        guard let transcript = try await millrace.transcripts.load(id) else {
            throw StoreError(.notFound, "there is no transcript \(id); see millrace transcripts list")
        }
        return transcript
    }
}
