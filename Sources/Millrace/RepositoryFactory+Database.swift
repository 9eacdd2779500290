internal import MillraceCore
internal import MillracePostgres

extension RepositoryFactory {
    /// Opens a database for what no port offers, and closes it on every way out. `body` gets the store, and the folder
    /// where its decoded recordings are kept on this host.
    ///
    /// `migrates` says whether the schema is made when it does not exist, and brought up to date.
    static func withDatabase<Value>(
        _ configuration: PostgresConfiguration, migrates: Bool,
        _ body: (PostgresStore, _ decodedFolder: String) async throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let store = try await PostgresStore(configuration, options: PostgresStore.Options(migrates: migrates))
        let result: Result<Value, StoreError>
        do throws(StoreError) {
            let folder = StoreLocation.postgres(configuration).decodedFolder(storeID: try await store.identity())
            result = .success(try await body(store, folder))
        } catch {
            result = .failure(error)
        }
        await store.close()
        return try result.get()
    }
}
