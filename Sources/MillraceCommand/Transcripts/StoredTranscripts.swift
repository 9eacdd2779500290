internal import ArgumentParser
internal import Millrace

/// What the commands about stored transcripts have in common.
struct StoredTranscripts: ParsableArguments {
    @OptionGroup var stored: StoredWork

    /// Opens the store and does something with it; a failure is one line on standard error.
    func open(_ body: (Millrace, Console) async throws -> Void) async throws {
        try await stored.open(body)
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
