internal import Foundation
internal import MillraceCore

/// The folder of recordings decoded to FLAC, each named by the hash of the recording's bytes.
struct DecodedFolder: Sendable {
    /// The absolute path.
    let path: String

    private static let suffix = ".flac"

    init(path: String) {
        self.path = AbsolutePath.of(path)
    }

    /// The decoded recording, if it is here.
    func existingFile(hash: ContentHash) throws(TranscriptionError) -> AudioFile? {
        let file = self.file(of: hash)
        return FileManager.default.fileExists(atPath: file) ? try AudioFile(path: file) : nil
    }

    /// The decoded recording; decodes it first if it is not here.
    func file(
        of audio: AudioFile, hash: ContentHash, _ cancellation: Cancellation
    ) throws(TranscriptionError) -> AudioFile {
        if let file = try existingFile(hash: hash) { return file }
        try make()
        let writer = try FLACWriter(path: file(of: hash))
        _ = try audio.forEachBlock { block throws(TranscriptionError) in
            try cancellation.check()
            try writer.write(block)
        }
        try writer.finish()
        return try AudioFile(path: file(of: hash))
    }

    /// Makes the folder, with mode 0700, unless it is there.
    func make() throws(TranscriptionError) {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw TranscriptionError(
                .unreadable, "\(path): cannot make the folder for decoded recordings; check its place and permissions",
                cause: error)
        }
    }

    /// Copies a decoded recording from another folder, whole or not at all; `false` when that is not possible.
    func copy(_ hash: ContentHash, from other: DecodedFolder) -> Bool {
        if holds(hash) { return true }
        let partial = "\(file(of: hash)).\(UUID().uuidString)\(FLACWriter.partialSuffix)"
        do {
            try make()
            try FileManager.default.copyItem(atPath: other.file(of: hash), toPath: partial)
            try FileManager.default.moveItem(atPath: partial, toPath: file(of: hash))
            return true
        } catch {
            try? FileManager.default.removeItem(atPath: partial)
            return holds(hash)
        }
    }

    /// Whether a recording is here.
    func holds(_ hash: ContentHash) -> Bool {
        FileManager.default.fileExists(atPath: file(of: hash))
    }

    /// The recordings that are here.
    func recordings() -> [ContentHash] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).compactMap(Self.hash)
    }

    /// Removes a decoded recording.
    func remove(_ hash: ContentHash) {
        try? FileManager.default.removeItem(atPath: file(of: hash))
    }

    /// All decoded recordings but those given, and partial files (decoded or taken in) whose writers are gone.
    func orphans(keeping hashes: Set<ContentHash>) -> [OrphanedRecording] {
        ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted().compactMap { name in
            let file = "\(path)/\(name)"
            let isOrphan =
                if name.hasSuffix(FLACWriter.partialSuffix) {
                    FLACWriter.isAbandoned(partialPath: file)
                } else if let hash = Self.hash(inName: name) {
                    // A young one may be another process's, which has not stored its plan yet.
                    !hashes.contains(hash) && Self.age(of: file) > Self.youth
                } else {
                    false
                }
            return isOrphan ? OrphanedRecording(path: file) : nil
        }
    }

    /// Removes what nobody needs.
    func remove(_ orphan: OrphanedRecording) {
        try? FileManager.default.removeItem(atPath: orphan.path)
    }

    private static let youth: TimeInterval = 3_600

    private static func age(of file: String) -> TimeInterval {
        let modified = try? FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date
        return -(modified ?? .distantPast).timeIntervalSinceNow
    }

    /// The path of a recording's decoded form, whether it is here or not.
    func file(of hash: ContentHash) -> String {
        "\(path)/\(hash.hex)\(Self.suffix)"
    }

    private static func hash(inName name: String) -> ContentHash? {
        name.hasSuffix(suffix) ? try? ContentHash(hex: String(name.dropLast(suffix.count))) : nil
    }
}
