public import MillraceCore

extension SQLiteMaintenance {
    /// The version of the tables that this program makes.
    public static var newestSchemaVersion: Int { Migration.all.last?.version ?? 0 }

    /// The version of the store's tables, without changing it.
    ///
    /// - Throws: `notFound`, and whatever makes the file no store of this program.
    public func schemaVersion() async throws(StoreError) -> Int {
        try await FileWork.run(on: path) { [path] _ in
            try StoreSource.read(path) { db in try StoreSource.version(of: db, path) }
        }
    }

    /// The tables, indexes and triggers that the store's version has and the file has not.
    ///
    /// - Throws: as ``schemaVersion()``.
    public func schemaFindings() async throws(StoreError) -> [StoreFinding] {
        try await FileWork.run(on: path) { [path] _ in
            try StoreSource.read(path) { db in
                try SchemaCheck.findings(in: db, version: try StoreSource.version(of: db, path))
            }
        }
    }
}
