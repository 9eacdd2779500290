internal import MillraceCore

/// What sessions of the database say of new work, by NOTIFY on a channel that has the schema's name.
struct PostgresAnnouncements: WorkAnnouncing {
    let store: PostgresStore
    let desk: JobDesk

    /// Listens on a connection of its own, since those of the pool are lent to others.
    func announceWork(to listener: @escaping @Sendable (WorkAnnouncement) -> Void) async throws(StoreError) {
        let configuration = store.pool.configuration
        do {
            let connection = try await PostgresConnection.connect(configuration)
            defer { connection.close() }
            try await connection.withNotifications(on: [configuration.schema]) { notifications in
                listener(.listening)
                for try await notification in notifications {
                    switch notification.payload {
                    case JobAnnouncer.Word.jobs.rawValue: listener(.jobs)
                    case JobAnnouncer.Word.again.rawValue:
                        desk.lookFromStart()
                        listener(.jobs)
                    case "chunks": listener(.chunks)
                    default: break
                    }
                }
            }
        } catch {
            throw StoreError(postgres: error, store: store.name)
        }
    }
}
