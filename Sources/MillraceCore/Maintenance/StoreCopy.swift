/// A copy of a whole store that was made and verified.
public struct StoreCopy: Sendable, Hashable {
    /// The absolute path of the copy.
    public let path: String
    /// Its size in bytes.
    public let bytes: Int64
    /// The version of its schema.
    public let schemaVersion: Int
    /// Where the file lies that had this path before and was kept; `nil` when there was none.
    public let formerFile: String?

    /// Describes a copy.
    public init(path: String, bytes: Int64, schemaVersion: Int, formerFile: String? = nil) {
        self.path = path
        self.bytes = bytes
        self.schemaVersion = schemaVersion
        self.formerFile = formerFile
    }
}
