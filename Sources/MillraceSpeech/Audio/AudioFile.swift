internal import CSndFile
public import MillraceCore

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#elseif canImport(Darwin)
    internal import Darwin
#endif

/// A recording in a file, read as 16 kHz mono with 16 bits a sample: channels are averaged, other rates resampled.
///
/// Sound is decoded block by block, so a recording of any length needs little memory. Calls block the thread; use an
/// object on one thread at a time.
public final class AudioFile {
    /// The file's kind.
    public let container: AudioContainer
    /// Frames a second in the file.
    public let sampleRate: Int
    /// Channels in the file.
    public let channels: Int
    /// Frames that the file's header promises; for OGG and MP3 an estimate, 0 when a FLAC does not say.
    public let frameCount: Int64
    /// Whether every sample can be sought exactly: true for WAV and FLAC of known length and without lossy coding.
    public let isSampleExact: Bool

    private let file: InputFile
    private let handle: OpaquePointer
    private let blockFrames: Int
    /// What `seek` has to be called for when it differs from the frame wanted.
    private var position: Int64 = 0
    private var interleaved: [Float]

    /// More frames than any recording has; a header that promises more is broken.
    private static let mostFrames: Int64 = 1 << 40

    /// Opens a recording and reads its header.
    ///
    /// Throws `TranscriptionError` `unreadable` when the file is missing, a folder, empty or damaged, `notAudio` when
    /// it is of another kind than WAV, FLAC, OGG and MP3, `noAudio` when there are no frames in it.
    public convenience init(path: String) throws(TranscriptionError) {
        try self.init(InputFile(path: path))
    }

    /// Reads the header of an open file.
    convenience init(_ file: InputFile) throws(TranscriptionError) {
        guard let opened = Self.open(file) else { throw Self.cannotOpen(file) }
        try self.init(file, opened)
    }

    /// A file's recording; `nil` when it is of no kind that is read here without help.
    static func ifKnown(_ file: InputFile) throws(TranscriptionError) -> AudioFile? {
        guard let opened = open(file) else { return nil }
        return try AudioFile(file, opened)
    }

    /// Whether a file is of a kind that is read here without help.
    static func knows(_ file: InputFile) -> Bool {
        guard let opened = open(file) else { return false }
        sf_close(opened.handle)
        return true
    }

    private struct Opened {
        let handle: OpaquePointer
        let container: AudioContainer
        let info: SF_INFO
    }

    private static func open(_ file: InputFile) -> Opened? {
        var info = SF_INFO()
        // The library closes the descriptor when it cannot open the file, asked or not: it gets one of its own, which
        // shares its position with the others.
        guard let descriptor = file.duplicate(), lseek(descriptor, 0, SEEK_SET) == 0,
            let handle = sf_open_fd(descriptor, Int32(SFM_READ), &info, 1)
        else { return nil }
        guard let container = AudioContainer(format: info.format), info.channels > 0, info.samplerate > 0 else {
            sf_close(handle)
            return nil
        }
        return Opened(handle: handle, container: container, info: info)
    }

    private init(_ file: InputFile, _ opened: Opened) throws(TranscriptionError) {
        let (info, container, name) = (opened.info, opened.container, file.name)
        self.file = file
        handle = opened.handle
        self.container = container
        sampleRate = Int(info.samplerate)
        channels = Int(info.channels)
        let isLengthKnown = info.frames <= Self.mostFrames
        frameCount = isLengthKnown ? info.frames : 0
        isSampleExact = isLengthKnown && container.isSeekable(format: info.format)
        blockFrames = max(1, 65_536 / channels)
        interleaved = [Float](repeating: 0, count: blockFrames * channels)
        guard info.frames > 0 else {
            throw TranscriptionError(.noAudio, "\(name): there is no audio in the file; record or copy it again")
        }
        guard isLengthKnown || container == .flac else {
            throw .unreadable(name, "its header promises more than there can be; copy or record it again")
        }
    }

    deinit {
        sf_close(handle)
    }

    /// The length in samples of 16 kHz by the header; an estimate unless ``isSampleExact``.
    public var sampleCount: Int64 {
        max(1, frameCount * Int64(SampleRange.sampleRate) / Int64(sampleRate))
    }

    /// The state of the file when it was opened.
    var identity: InputFile.Identity { file.identity }

    /// Decodes the whole recording from its beginning and hands it on in blocks of some ten thousand samples.
    ///
    /// Returns the number of samples, which for a sample-exact file is ``sampleCount``. Throws what `body` throws,
    /// `unreadable` when less can be decoded than the header of a WAV or FLAC promises, `noAudio` when nothing can.
    public func forEachBlock(
        _ body: ([Int16]) throws(TranscriptionError) -> Void
    ) throws(TranscriptionError) -> Int64 {
        let resampler = try makeResampler()
        let limit = isSampleExact ? sampleCount : Int64.max
        var decoded: Int64 = 0
        var delivered: Int64 = 0
        var mono: [Float] = []
        var resampled: [Float] = []
        try seek(to: 0)
        while true {
            let frames = try decode(upTo: blockFrames, into: &mono)
            decoded += Int64(frames)
            let isLast = frames == 0
            var block = mono
            if let resampler {
                try resample(mono, with: resampler, isLast: isLast, into: &resampled)
                block = resampled
                resampled.removeAll(keepingCapacity: true)
            }
            let samples = block.prefix(Int(min(Int64(block.count), limit - delivered))).map(Self.quantize)
            delivered += Int64(samples.count)
            if !samples.isEmpty { try body(samples) }
            if isLast { break }
        }
        guard decoded > 0 else {
            throw TranscriptionError(.noAudio, "\(file.name): no audio can be decoded; record or copy the file again")
        }
        guard isSampleExact else { return delivered }
        guard decoded >= frameCount else { throw cutOff(after: decoded) }
        if delivered < limit {
            // The resampler may end a sample early; the plan counts by the header.
            try body([Int16](repeating: 0, count: Int(limit - delivered)))
        }
        return limit
    }

    /// Reads a stretch of a sample-exact recording: exactly `range.count` samples, the same bits on every call.
    ///
    /// Throws `changed` when the recording ends before the stretch does, `unreadable` when it is damaged there or
    /// cannot be sought exactly.
    public func samples(in range: SampleRange) throws(TranscriptionError) -> [Int16] {
        guard isSampleExact else {
            throw .unreadable(file.name, "\(container.rawValue) cannot be read from the middle; decode it first")
        }
        guard range.end <= sampleCount else {
            throw TranscriptionError(
                .changed, "\(file.name): is shorter than it was when it was planned; transcribe it anew")
        }
        guard range.count > 0 else { return [] }
        guard let resampler = try makeResampler() else {
            var mono: [Float] = []
            try read(from: range.start, count: range.count, into: &mono)
            return mono.map(Self.quantize)
        }
        let stretch = SourceStretch(of: range, sampleRate: sampleRate, frameCount: frameCount)
        var mono: [Float] = []
        try read(from: stretch.start, count: Int(stretch.end - stretch.start), into: &mono)
        var resampled: [Float] = []
        try resample(mono, with: resampler, isLast: true, into: &resampled)
        var samples = resampled.dropFirst(stretch.leadIn).prefix(range.count).map(Self.quantize)
        samples += [Int16](repeating: 0, count: range.count - samples.count)
        return samples
    }

    // MARK: - Decoding

    private func makeResampler() throws(TranscriptionError) -> Resampler? {
        if sampleRate == SampleRange.sampleRate { return nil }
        // Lower rates are broken headers, which would make minutes of sound out of every block.
        guard sampleRate >= 1_000, let resampler = Resampler(sourceRate: sampleRate) else {
            throw .unreadable(file.name, "its sample rate of \(sampleRate) Hz cannot be used; convert it to 16000 Hz")
        }
        return resampler
    }

    private func resample(
        _ mono: [Float], with resampler: Resampler, isLast: Bool, into output: inout [Float]
    ) throws(TranscriptionError) {
        guard mono.withUnsafeBufferPointer({ resampler.process($0, isLast: isLast, into: &output) }) else {
            throw .unreadable(file.name, "cannot be converted from \(sampleRate) Hz; convert it to 16000 Hz")
        }
    }

    private func seek(to frame: Int64) throws(TranscriptionError) {
        guard position != frame else { return }
        guard sf_seek(handle, frame, Int32(SEEK_SET)) == frame else { throw cutOff(after: frame) }
        position = frame
    }

    private func read(from frame: Int64, count: Int, into mono: inout [Float]) throws(TranscriptionError) {
        try seek(to: frame)
        mono.reserveCapacity(count)
        var block: [Float] = []
        while mono.count < count {
            guard try decode(upTo: min(blockFrames, count - mono.count), into: &block) > 0 else {
                throw cutOff(after: position)
            }
            mono += block
        }
    }

    /// Decodes the next frames and mixes them down; 0 at the end, or where the rest cannot be decoded.
    private func decode(upTo limit: Int, into mono: inout [Float]) throws(TranscriptionError) -> Int {
        let channels = channels
        mono.removeAll(keepingCapacity: true)
        let frames = interleaved.withUnsafeMutableBufferPointer { values in
            let frames = Int(sf_readf_float(handle, values.baseAddress, sf_count_t(limit)))
            let scale = 1 / Float(channels)
            for frame in 0..<max(0, frames) {
                var sum: Float = 0
                for channel in 0..<channels {
                    let value = values[frame * channels + channel]
                    // Float files may hold infinities and worse, which would spread through the resampler.
                    sum += value.isFinite ? value : 0
                }
                mono.append(sum * scale)
            }
            return frames
        }
        guard frames >= 0 else { throw cutOff(after: position) }
        position += Int64(frames)
        return frames
    }

    private static func quantize(_ value: Float) -> Int16 {
        let scaled = (value * 32_768).rounded()
        return scaled >= 32_767 ? 32_767 : scaled <= -32_768 ? -32_768 : Int16(scaled)
    }

    // MARK: - Errors

    private func cutOff(after frames: Int64) -> TranscriptionError {
        func seconds(_ frames: Int64) -> String {
            let tenths = frames * 10 / Int64(sampleRate)
            return "\(tenths / 10).\(tenths % 10) s"
        }
        return .unreadable(
            file.name,
            "is cut off or damaged: \(seconds(frames)) of \(seconds(frameCount)) can be decoded; copy it again")
    }

    private static func cannotOpen(_ file: InputFile) -> TranscriptionError {
        damage(of: file)
            ?? TranscriptionError(
                .notAudio,
                "\(file.name): is not audio in a format that is read here (\(AudioContainer.names)); convert it to FLAC "
                    + "first")
    }

    /// What to say of a file that begins like one that is read here and cannot be opened all the same; `nil` for others.
    static func damage(of file: InputFile) -> TranscriptionError? {
        let start = file.firstBytes(12)
        let isOurs =
            ["fLaC", "OggS"].contains { start.starts(with: Array($0.utf8)) }
            // RIFF holds films and pictures too.
            || ["RIFF", "RF64"].contains { start.starts(with: Array($0.utf8)) }
                && !["AVI ", "WEBP"].contains { start.dropFirst(8).elementsEqual(Array($0.utf8)) }
        guard isOurs else { return nil }
        return .unreadable(
            file.name, "its header is damaged or of an unusual kind; copy it again or convert it to FLAC")
    }

    /// What to say of a file that only ffmpeg could read, which is not there.
    static func needsHelp(_ name: String) -> TranscriptionError {
        .unreadable(
            name,
            "is not audio in a format that is read here (\(AudioContainer.names)); install ffmpeg for other formats, or "
                + "convert it to FLAC first")
    }
}
