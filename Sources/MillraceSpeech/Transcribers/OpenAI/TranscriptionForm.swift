internal import Foundation
internal import MillraceCore
internal import NIOCore

/// The body of a request for a transcription: `multipart/form-data` (RFC 7578).
struct TranscriptionForm: Sendable {
    /// The value of the header `content-type`.
    let contentType: String
    /// The body, written once.
    private(set) var body: ByteBuffer

    private let boundary: String

    /// Writes the body for a chunk.
    ///
    /// Throws `engineFailed` when the sound cannot be encoded.
    init(_ audio: AudioChunk, recipe: Recipe, model: String, dialect: APIDialect) throws(TranscriptionError) {
        // Of 128 random bits; no text and no sound has it by chance.
        boundary = "millrace-\(UUID().uuidString)"
        contentType = "multipart/form-data; boundary=\(boundary)"
        body = ByteBuffer()
        // Twice the text's size is far more than the fields need; FLAC of speech is about half of the samples.
        body.reserveCapacity(audio.samples.count * 2 + (recipe.prompt?.utf8.count ?? 0) + 2_048)
        write("model", model)
        write("response_format", dialect.detail == .text ? "json" : "verbose_json")
        if dialect.detail == .words {
            write("timestamp_granularities[]", "word")
            write("timestamp_granularities[]", "segment")
        }
        // ISO 639 without region or script: APIs refuse the longer tags.
        if let language = recipe.language?.split(separator: "-").first { write("language", language.lowercased()) }
        if let prompt = recipe.prompt, !prompt.isEmpty { write("prompt", prompt) }
        try write(audio, as: dialect.sound)
        body.writeString("--\(boundary)--\r\n")
    }

    private mutating func write(_ name: String, _ value: String) {
        body.writeString("--\(boundary)\r\ncontent-disposition: form-data; name=\"\(name)\"\r\n\r\n\(value)\r\n")
    }

    private mutating func write(_ audio: AudioChunk, as sound: APIDialect.Sound) throws(TranscriptionError) {
        let name = sound == .flac ? "flac" : "wav"
        body.writeString(
            """
            --\(boundary)\r
            content-disposition: form-data; name="file"; filename="chunk.\(name)"\r
            content-type: audio/\(name)\r
            \r

            """)
        switch sound {
        case .flac:
            guard FLACEncoder.append(audio, to: &body) else {
                throw TranscriptionError(.engineFailed, "a chunk cannot be encoded as FLAC")
            }
        case .wav: body.writeBytes(WAVEncoder.encode(audio))
        }
        body.writeString("\r\n")
    }
}
