internal import Foundation
internal import MillraceCore

/// What ffmpeg says about a recording on its standard error, at `-loglevel level+info`.
struct MediaReport: ErrorListener {
    /// The length that the recording's header promises, in seconds; `nil` when it does not say.
    private(set) var promisedSeconds: Double?
    /// What ffmpeg complained about, the last few, without addresses and without the file's path.
    private(set) var complaints: [String] = []

    private let path: String
    private var line: [UInt8] = []

    private static let longestLine = 16_384
    private static let complaintsKept = 3
    private static let notOnList = "Format not on whitelist"

    init(path: String) {
        self.path = path
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        for byte in bytes {
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") {
                take(String(decoding: line, as: UTF8.self))
                line.removeAll(keepingCapacity: true)
            } else if line.count < Self.longestLine {
                line.append(byte)
            }
        }
    }

    private mutating func take(_ line: String) {
        if promisedSeconds == nil, let match = line.firstMatch(of: /\[info\] +Duration: (\d+):(\d\d):(\d\d\.\d+)/),
            let hours = Double(match.1), let minutes = Double(match.2), let seconds = Double(match.3)
        {
            promisedSeconds = hours * 3_600 + minutes * 60 + seconds
        }
        guard let tag = line.firstMatch(of: /\[(?:error|fatal|panic)\][ ]/) else { return }
        var said = line[tag.range.upperBound...].replacing("file:\(path): ", with: "")
        // Followed by the whole list.
        if said.hasPrefix(Self.notOnList) { said = Self.notOnList[...] }
        var tail = ErrorTail()
        tail.append(Array(said.utf8))
        guard !tail.line.isEmpty, complaints.last != tail.line else { return }
        complaints.append(tail.line)
        if complaints.count > Self.complaintsKept { complaints.removeFirst() }
    }

    /// Why a recording cannot be read, when ffmpeg failed.
    func failure(of name: String) -> TranscriptionError {
        let said = complaints.joined(separator: " | ")
        if said.contains("matches no streams") { return Self.noSound(name) }
        if said.contains(Self.notOnList) {
            return TranscriptionError(
                .notAudio, "\(name): is a list of other files, which is not followed; name the recordings themselves")
        }
        if complaints.isEmpty || complaints == ["Invalid data found when processing input"] {
            return TranscriptionError(
                .notAudio,
                "\(name): is not audio in a format that is read here (\(AudioContainer.names), and what ffmpeg knows); "
                    + "check the file")
        }
        return .unreadable(name, "ffmpeg cannot read it: \(said); copy it again or convert it to FLAC")
    }

    /// A recording whose sound is missing.
    static func noSound(_ name: String) -> TranscriptionError {
        TranscriptionError(.noAudio, "\(name): there is no sound in it; name another file")
    }

    /// The failure of a recording that ends before its header says, if that is no mere matter of rounding.
    ///
    /// A film may be longer than its sound; so only what ffmpeg complained about is called cut off.
    func cutOff(_ name: String, decodedSeconds: Double) -> TranscriptionError? {
        guard !complaints.isEmpty, let promisedSeconds, decodedSeconds + 1 < promisedSeconds * 0.995 else { return nil }
        func short(_ seconds: Double) -> String { String(format: "%.1f s", seconds) }
        return .unreadable(
            name,
            "is cut off or damaged: \(short(decodedSeconds)) of \(short(promisedSeconds)) can be decoded; copy it again"
        )
    }
}
