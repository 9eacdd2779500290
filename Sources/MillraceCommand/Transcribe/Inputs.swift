internal import Foundation
internal import Millrace

/// The recordings that a command line names, folders looked through.
struct Inputs: Sendable {
    /// Why there is nothing to transcribe.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// The recordings in the order of the command line.
    let recordings: [NamedInput]
    /// Whether a folder was named, however much was in it.
    let haveFolder: Bool

    /// One recording.
    init(_ recording: NamedInput) {
        recordings = [recording]
        haveFolder = false
    }

    /// Understands the words of the command line; says on the console which files of folders are skipped.
    ///
    /// - Throws: ``Refusal`` when a folder holds no recording; ``InvalidValue``; ``TranscriptionError``.
    init(_ words: [String], console: Console) async throws {
        var recordings: [NamedInput] = []
        var haveFolder = false
        for word in words {
            let input = try RecordingInput(parsing: word)
            guard case .file(let path) = input, Self.isFolder(path) else {
                recordings.append(NamedInput(input))
                continue
            }
            haveFolder = true
            console.status("\(path): looking for recordings")
            let folder = try await RecordingFolder(path: path)
            console.status(nil)
            for other in folder.others { console.note("\(other): skipped, it is not audio") }
            guard !folder.recordings.isEmpty else {
                throw Refusal(description: "\(path): there is no recording in the folder; name another")
            }
            recordings += folder.recordings.map { NamedInput(path: $0, in: path) }
        }
        self.recordings = recordings
        self.haveFolder = haveFolder
    }

    private static func isFolder(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
}
