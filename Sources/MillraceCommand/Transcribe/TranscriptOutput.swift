internal import Foundation
internal import Millrace

/// Where transcripts go: to standard output, to a file, or to a folder.
enum TranscriptOutput: Sendable {
    case standardOutput
    case file(String)
    case folder(String)

    /// Why an output cannot be.
    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    /// Decides where the transcripts of files go.
    ///
    /// - Throws: ``Refusal`` when two transcripts would have one name, one would take the place of a recording or of
    ///   a file to keep, or the place cannot be written.
    init(path: String?, inputs: Inputs, format: TranscriptFormat, keeping kept: [String] = []) throws {
        self = try Self.destination(path: path, inputs: inputs, format: format)
        let precious = Set((inputs.recordings.compactMap(\.path) + kept).map(Self.resolved))
        for target in inputs.recordings.compactMap({ self.path(for: $0, format: format) })
        where precious.contains(Self.resolved(target)) {
            throw Refusal(description: "--output \(target) would overwrite a recording or the store; choose another")
        }
    }

    private static func destination(
        path: String?, inputs: Inputs, format: TranscriptFormat
    ) throws -> TranscriptOutput {
        guard let path else { return .standardOutput }
        var isFolder: ObjCBool = false
        let exists = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        if inputs.recordings.count == 1, !inputs.haveFolder, !isFolder.boolValue, !path.hasSuffix("/") {
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
            guard FileManager.default.isWritableFile(atPath: parent) else {
                throw Refusal(description: "the folder \(parent) of --output does not exist or cannot be written")
            }
            return .file(path)
        }
        guard !exists || isFolder.boolValue else {
            throw Refusal(description: "--output \(path) is a file; for several recordings it must be a folder")
        }
        var sources: [String: RecordingInput] = [:]
        for recording in inputs.recordings {
            let name = Self.name(of: recording, format: format)
            if let other = sources.updateValue(recording.input, forKey: name) {
                throw Refusal(
                    description:
                        "\(other.shown) and \(recording.input.shown) would both be written to \(name) in \(path)")
            }
        }
        do {
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        } catch {
            throw Refusal(description: "the folder \(path) of --output cannot be made")
        }
        guard FileManager.default.isWritableFile(atPath: path) else {
            throw Refusal(description: "the folder \(path) of --output cannot be written")
        }
        return .folder(path)
    }

    /// Writes the transcript of one input, whole or not at all.
    func write(_ text: String, for input: NamedInput, format: TranscriptFormat) throws {
        guard let path = path(for: input, format: format) else {
            guard FileDescriptor.standardOutput.writeAll(text) else {
                throw Refusal(description: "standard output cannot be written; the transcript is kept in the store")
            }
            return
        }
        do {
            if case .folder = self {
                // What was found in a folder of a folder goes into such a one.
                try FileManager.default.createDirectory(
                    atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path,
                    withIntermediateDirectories: true)
            }
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
        } catch {
            throw Refusal(description: "\(path) cannot be written; the transcript is kept in the store")
        }
    }

    /// The file for the transcript of an input; `nil` for standard output.
    private func path(for input: NamedInput, format: TranscriptFormat) -> String? {
        switch self {
        case .standardOutput: nil
        case .file(let file): file
        case .folder(let folder): folder + "/" + Self.name(of: input, format: format)
        }
    }

    private static func resolved(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().path
    }

    private static func name(of input: NamedInput, format: TranscriptFormat) -> String {
        input.stem + "." + format.rawValue
    }
}
