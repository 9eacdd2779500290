public import MillraceCore

/// Looks after the file of a store: what is in it, whether it is whole, copies of it, and what may go.
///
/// Works on the file by itself, whether others have it open or not, and makes none where there is none (`notFound`).
/// A cancelled task ends the work early and leaves nothing half done.
public struct SQLiteMaintenance: Sendable {
    /// The absolute path of the file, behind symbolic links.
    public let path: String
    let clock: any WallClock

    /// Names a file; nothing is opened before it is asked for something.
    public init(path: String, clock: any WallClock = SystemWallClock()) {
        self.path = StoreFile.absolute(path)
        self.clock = clock
    }

    /// Opens the store for changing what is in it, if it is there.
    func open() async throws(StoreError) -> SQLiteStore {
        try await FileWork.run(on: path) { [path, clock] _ in
            // Opening would make it.
            _ = try StoreSource.read(path) { db in try StoreSource.version(of: db, path) }
            return try SQLiteStore(path: path, options: SQLiteStore.Options(clock: clock))
        }
    }
}
