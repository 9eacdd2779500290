/// A decoded recording, or part of one, that no run needs.
public struct OrphanedRecording: Hashable, Sendable {
    /// The absolute path of the file.
    public let path: String
}
