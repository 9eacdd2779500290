internal import MillraceCore
internal import Subprocess
internal import Synchronization
internal import SystemPackage

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// Decodes with `ffmpeg` what libsndfile does not know: m4a, mp4, webm and many more.
///
/// ffmpeg is given one local file and may open no other: no network, and no format that names further files, so that
/// a playlist that calls itself a recording reads nothing. It is killed with its owner and when its time is up.
struct MediaDecoder: Sendable {
    /// The program, looked up anew in every run.
    var program = "ffmpeg"
    /// The longest that decoding may take.
    var timeout = Duration.seconds(6 * 3_600)
    /// The most samples of 16 kHz that are taken: 100 hours.
    var sampleLimit: Int64 = 100 * 3_600 * Int64(SampleRange.sampleRate)

    private static let queue = BlockingQueue(label: "millrace.media-decoder", width: 4)

    /// Formats that name other files. The rest hold their sound themselves.
    private static let followers: Set<String> = [
        "concat", "dash", "hls", "applehttp", "image2", "image2pipe", "imf", "rtp", "rtsp", "sap", "sdp", "vobsub",
        "webm_dash_manifest",
    ]

    /// Whether the program is installed. Blocks the thread.
    var isInstalled: Bool { (try? ProgramLocation.find(program)) != nil }

    /// Decodes the first sound track of a file into a FLAC file; `name` is the recording's, for messages.
    ///
    /// Throws `unreadable`, `notAudio`, `noAudio`, `timedOut` or `cancelled`; then there is no FLAC file.
    func decode(_ path: String, named name: String, to destination: String) async throws(TranscriptionError) {
        let ffmpeg = try await supervised(
            [
                "-i", "file:\(path)", "-map", "0:a:0", "-ac", "1", "-ar", "\(SampleRange.sampleRate)", "-f", "s16le",
                "pipe:1",
            ],
            path: path, name: name)
        let pipe = try Pipe(name: name)
        async let taking = Self.take(from: pipe, into: destination, name: name, limit: sampleLimit)
        let ending: Result<SupervisedProgram.Ending<Void, MediaReport>, TranscriptionError>
        do throws(TranscriptionError) {
            ending = .success(
                try await ffmpeg.run(
                    output: .fileDescriptor(pipe.writeEnd, closeAfterSpawningProcess: false),
                    errors: MediaReport(path: path)))
        } catch {
            ending = .failure(error)
        }
        // The last one: whoever reads the pipe comes to its end.
        pipe.closeWriteEnd()
        let taken = await taking
        let report = try ending.get()
        // A full disk makes ffmpeg fail too, which is not what is to be said.
        let sound = try taken.get()
        if report.trouble != nil { throw report.errors.failure(of: name) }
        let seconds = Double(sound.count) / Double(SampleRange.sampleRate)
        if let cutOff = report.errors.cutOff(name, decodedSeconds: seconds) { throw cutOff }
        guard sound.count > 0 else { throw MediaReport.noSound(name) }
        try await Self.queue.run { _ throws(TranscriptionError) in try sound.finish() }
    }

    /// Looks whether there is sound in a file, without decoding more than its beginning.
    ///
    /// Throws as ``decode(_:named:to:)``.
    func probe(_ path: String, named name: String) async throws(TranscriptionError) {
        let ffmpeg = try await supervised(
            ["-i", "file:\(path)", "-map", "0:a:0", "-t", "0.1", "-f", "null", "pipe:1"], path: path, name: name)
        let ending = try await ffmpeg.run(output: .discarded, errors: MediaReport(path: path))
        if ending.trouble != nil { throw ending.errors.failure(of: name) }
    }

    // MARK: - ffmpeg

    private func supervised(
        _ arguments: [String], path: String, name: String
    ) async throws(TranscriptionError) -> SupervisedProgram {
        let formats = try await formats(for: name)
        let bounds = [
            "-nostdin", "-hide_banner", "-nostats", "-loglevel", "level+info",
            "-protocol_whitelist", "file,pipe", "-format_whitelist", formats,
        ]
        return try await prepared(bounds + arguments, name: name)
    }

    private func prepared(
        _ arguments: [String], name: String
    ) async throws(TranscriptionError) -> SupervisedProgram {
        try await Self.queue.run { _ throws(TranscriptionError) in
            guard isInstalled else { throw AudioFile.needsHelp(name) }
            return try SupervisedProgram(
                program, arguments: arguments, timeout: timeout, advice: "cut the recording into parts")
        }
    }

    /// The formats that this ffmpeg knows and that name no other files.
    private func formats(for name: String) async throws(TranscriptionError) -> String {
        let list = try await prepared(["-hide_banner", "-demuxers"], name: name)
            .run(output: .string(limit: 1_000_000), errors: ErrorTail())
        let names = list.output.split(separator: "\n").compactMap { line -> Substring? in
            let fields = line.split(separator: " ")
            // ` D  matroska,webm   Matroska / WebM`, and `Dd` for devices.
            guard fields.count >= 2, fields[0] == "D" else { return nil }
            return fields[1].split(separator: ",").contains { Self.followers.contains(String($0)) } ? nil : fields[1]
        }
        guard list.trouble == nil, names.contains(where: { $0.contains("mov") }) else {
            throw TranscriptionError(
                .unreadable, "\(name): ffmpeg does not say which formats it reads; install another ffmpeg")
        }
        return names.joined(separator: ",")
    }

    // MARK: - Samples

    /// A FLAC file that is being written.
    private final class Sound: Sendable {
        let count: Int64
        private let writer: Mutex<FLACWriter>

        init(_ writer: sending FLACWriter, count: Int64) {
            self.writer = Mutex(writer)
            self.count = count
        }

        func finish() throws(TranscriptionError) {
            try writer.withLock { writer throws(TranscriptionError) in try writer.finish() }
        }
    }

    /// Encodes what comes through the pipe, to its end.
    private static func take(
        from pipe: Pipe, into destination: String, name: String, limit: Int64
    ) async -> Result<Sound, TranscriptionError> {
        do throws(TranscriptionError) {
            return .success(
                try await queue.run { cancellation throws(TranscriptionError) in
                    // A writer that nobody reads from ends.
                    defer { pipe.closeReadEnd() }
                    let writer = try FLACWriter(path: destination)
                    var count: Int64 = 0
                    try pipe.forEachBlock(named: name) { samples throws(TranscriptionError) in
                        try cancellation.check()
                        count += Int64(samples.count)
                        guard count <= limit else {
                            let hours = limit / Int64(SampleRange.sampleRate) / 3_600
                            throw .unreadable(
                                name, "is longer than the \(hours) hours that are taken; cut it into parts")
                        }
                        try writer.write(samples)
                    }
                    return Sound(writer, count: count)
                })
        } catch {
            pipe.closeReadEnd()
            return .failure(error)
        }
    }
}
