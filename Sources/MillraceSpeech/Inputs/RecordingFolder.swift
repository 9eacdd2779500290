internal import Foundation
public import MillraceCore

/// The recordings in a folder, and what else is in it.
public struct RecordingFolder: Sendable {
    /// The recordings, by path: the folder's own path with what lies below it. Also files that look like recordings and
    /// may turn out to be damaged.
    public let recordings: [String]
    /// The files that are nothing to be heard, by path.
    public let others: [String]

    private static let queue = BlockingQueue(label: "millrace.recording-folder", width: 1)

    /// How names of files end that are sound or film, for machines without ffmpeg to ask.
    private static let knownExtensions: Set<String> = [
        "3gp", "aac", "ac3", "aif", "aiff", "amr", "avi", "caf", "flac", "flv", "m4a", "m4b", "mka", "mkv", "mov",
        "mp3",
        "mp4", "mpeg", "mpg", "mts", "oga", "ogg", "opus", "ts", "wav", "webm", "wma", "wmv",
    ]

    /// Looks through a folder and all folders in it, in the order of names; hidden files and folders (`.name`) are left
    /// out, and a link to a folder is not followed.
    ///
    /// What libsndfile does not know is shown to `ffmpeg`; where that is not installed, the name decides.
    ///
    /// - Throws: `TranscriptionError` `unreadable` when the folder cannot be read, `cancelled`.
    public init(path: String) async throws(TranscriptionError) {
        let files = try await Self.queue.run { cancellation throws(TranscriptionError) in
            try Self.files(in: path, cancellation)
        }
        var recordings: [String] = []
        var others: [String] = []
        let decoder = MediaDecoder()
        for file in files {
            if try await Self.isRecording(file, decoder) { recordings.append(file) } else { others.append(file) }
        }
        self.recordings = recordings
        self.others = others
    }

    /// The regular files below a folder, and the folders that cannot be read.
    private static func files(in folder: String, _ cancellation: Cancellation) throws(TranscriptionError) -> [String] {
        try cancellation.check()
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: folder)
        } catch {
            throw TranscriptionError(
                .unreadable, "\(folder): the folder cannot be read; make it readable for this user", cause: error)
        }
        var files: [String] = []
        for name in names.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) where !name.hasPrefix(".") {
            let path = folder.hasSuffix("/") ? folder + name : "\(folder)/\(name)"
            let kind = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType
            switch kind {
            case .typeDirectory: files += try Self.files(in: path, cancellation)
            case .typeSymbolicLink:
                var isFolder: ObjCBool = false
                // A link to nothing is named like any file that is not there.
                if !FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) || !isFolder.boolValue {
                    files.append(path)
                }
            default: files.append(path)
            }
        }
        return files
    }

    private static func isRecording(_ path: String, _ decoder: MediaDecoder) async throws(TranscriptionError) -> Bool {
        let isNamedSo = knownExtensions.contains(URL(fileURLWithPath: path).pathExtension.lowercased())
        let known = try await queue.run { _ throws(TranscriptionError) -> Bool? in
            // What cannot be opened is only named when it should have been a recording.
            guard let file = try? InputFile(path: path) else { return isNamedSo }
            if AudioFile.knows(file) || AudioFile.damage(of: file) != nil { return true }
            return decoder.isInstalled ? nil : isNamedSo
        }
        if let known { return known }
        do throws(TranscriptionError) {
            try await decoder.probe(path, named: path)
            return true
        } catch {
            switch error.code {
            case .cancelled: throw error
            case .notAudio, .noAudio: return false
            // Damaged, it seems: transcribing it tells.
            default: return isNamedSo
            }
        }
    }
}
