internal import MillraceCore

/// Brings recordings to where they can be read from the middle.
///
/// A WAV or FLAC file stays where it is. Whatever else there is, and everything that comes by a stream, is decoded once
/// to a FLAC file in the decoded folder, named by the hash of the recording's bytes.
struct RecordingIntake: Sendable {
    /// A recording that can be read.
    struct Arrival: Sendable {
        /// Where it came from, as `RecordingSource/path`.
        let path: String
        /// The hash of its bytes.
        let hash: ContentHash
        /// The file to read its sound from.
        let soundPath: String
        /// Whether that file was made just now.
        let isNew: Bool
    }

    let decoded: DecodedFolder
    var decoder = MediaDecoder()
    var fetcher = RecordingFetcher()
    /// What ``RecordingInput/standardInput`` is.
    var standardInput: Int32 = 0

    private static let queue = BlockingQueue(label: "millrace.recording-intake", width: 4)

    /// Takes a recording in.
    ///
    /// Throws `TranscriptionError` `unreadable`, `notAudio`, `noAudio`, `changed`, `withdrawn` or `cancelled`; then
    /// nothing is left of it.
    func take(_ input: RecordingInput) async throws(TranscriptionError) -> Arrival {
        switch input {
        case .file(let path):
            let path = AbsolutePath.of(path)
            return try await takeFile(path)
        case .url(let url):
            return try await take(fetch(url), from: url.text, name: url.name)
        case .standardInput:
            let spool = try await Self.queue.run { [decoded, standardInput] cancellation throws(TranscriptionError) in
                try decoded.make()
                let spool = try SpoolFile(folder: decoded.path, name: input.name)
                try StandardInput.read(standardInput, into: spool, cancellation)
                return spool
            }
            return try await take(spool, from: RecordingSource.standardInputPath, name: input.name)
        }
    }

    /// Fetches a recording again that is not here, and makes sure that it is the same.
    ///
    /// Throws `withdrawn` when it is another; otherwise as ``take(_:)``.
    func take(again url: RecordingURL, hash: ContentHash) async throws(TranscriptionError) {
        let spool = try await fetch(url)
        guard spool.contentHash() == hash else {
            throw TranscriptionError(
                .withdrawn, "\(url.shown): is not the recording that was planned; transcribe this one anew")
        }
        _ = try await take(spool, from: url.text, name: url.name)
    }

    /// Looks whether a file holds sound that can be read here.
    func check(_ path: String) async throws(TranscriptionError) {
        let name = try await Self.queue.run { [decoder] _ throws(TranscriptionError) -> String? in
            let file = try InputFile(path: path)
            if try AudioFile.ifKnown(file) != nil { return nil }
            if let damage = AudioFile.damage(of: file) { throw damage }
            guard decoder.isInstalled else { throw AudioFile.needsHelp(file.name) }
            return file.name
        }
        if let name { try await decoder.probe(path, named: name) }
    }

    /// Decodes a file that is no WAV or FLAC, if that has not been done.
    func decode(_ path: String, hash: ContentHash) async throws(TranscriptionError) {
        let isDone = try await Self.queue.run { [decoded] cancellation throws(TranscriptionError) in
            let file = try InputFile(path: path)
            guard let audio = try AudioFile.ifKnown(file) else { return decoded.holds(hash) }
            if !audio.isSampleExact { _ = try decoded.file(of: audio, hash: hash, cancellation) }
            return true
        }
        if !isDone { try await decodeWithHelp(path, name: nil, hash: hash) }
    }

    // MARK: - Files

    private func takeFile(_ path: String) async throws(TranscriptionError) -> Arrival {
        let (hash, isExact, isThere) = try await Self.queue.run {
            [decoded, decoder] cancellation throws(TranscriptionError) in
            let file = try InputFile(path: path)
            // Before the hash, which takes long: what cannot be read is said at once.
            let audio = try AudioFile.ifKnown(file)
            if audio == nil, !decoder.isInstalled { throw AudioFile.damage(of: file) ?? AudioFile.needsHelp(file.name) }
            let hash = try file.contentHash(cancellation)
            return (hash, audio?.isSampleExact ?? false, decoded.holds(hash))
        }
        if isExact { return Arrival(path: path, hash: hash, soundPath: path, isNew: false) }
        if !isThere { try await decode(path, hash: hash) }
        return Arrival(path: path, hash: hash, soundPath: decoded.file(of: hash), isNew: !isThere)
    }

    private func decodeWithHelp(_ path: String, name: String?, hash: ContentHash) async throws(TranscriptionError) {
        let (before, name, firstBytes) = try await Self.queue.run { [decoded] _ throws(TranscriptionError) in
            try decoded.make()
            let file = try InputFile(path: path, name: name)
            return (file.identity, file.name, AudioFile.damage(of: file))
        }
        do throws(TranscriptionError) {
            try await decoder.decode(path, named: name, to: decoded.file(of: hash))
        } catch {
            // What looks like a WAV, FLAC or OGG is not called something else because ffmpeg does not know it either.
            if error.code == .notAudio || error.code == .unreadable, let firstBytes { throw firstBytes }
            throw error
        }
        let after = try await Self.queue.run { _ throws(TranscriptionError) in try InputFile(path: path).identity }
        guard before == after else {
            await Self.queue.finish { [decoded] in decoded.remove(hash) }
            throw TranscriptionError(
                .changed, "\(name): changes while it is read; wait until it is complete", isRetryable: true)
        }
    }

    // MARK: - Streams

    private func fetch(_ url: RecordingURL) async throws(TranscriptionError) -> SpoolFile {
        try await Self.queue.run { [decoded] _ throws(TranscriptionError) in try decoded.make() }
        return try await fetcher.fetch(url, into: decoded.path)
    }

    /// Decodes what has come; the spool file is not needed after that, whatever it holds.
    private func take(_ spool: SpoolFile, from path: String, name: String) async throws(TranscriptionError) -> Arrival {
        let hash = spool.contentHash()
        let step = try await Self.queue.run { [decoded] cancellation throws(TranscriptionError) -> Step in
            if decoded.holds(hash) { return .isThere }
            let file = try InputFile(path: spool.path, name: name)
            guard let audio = try AudioFile.ifKnown(file) else { return .needsHelp }
            _ = try decoded.file(of: audio, hash: hash, cancellation)
            return .isDone
        }
        if step == .needsHelp { try await decodeWithHelp(spool.path, name: name, hash: hash) }
        return Arrival(path: path, hash: hash, soundPath: decoded.file(of: hash), isNew: step != .isThere)
    }

    private enum Step {
        case isThere, isDone, needsHelp
    }
}
