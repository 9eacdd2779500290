internal import MillraceCore
internal import NIOCore

/// What is said of new work through Redis, beside what the store itself says.
///
/// It says nothing of `listening`, which the store alone may: not everything that makes work tells Redis.
struct RedisAnnouncements: WorkAnnouncing {
    let base: (any WorkAnnouncing)?
    let hints: ReadyHints

    /// Listens by a connection of its own.
    func announceWork(to listener: @escaping @Sendable (WorkAnnouncement) -> Void) async throws(StoreError) {
        let desk = hints.desk
        let subscription: RedisSubscription
        do throws(RedisError) {
            subscription = try RedisSubscription(hints.line.client.configuration, channels: [hints.keys.work]) {
                event in
                switch event {
                case .message(_, let payload):
                    if String(buffer: payload) == ReadyHints.Word.again.rawValue { desk.wishForLook() }
                    listener(.jobs)
                case .gap:
                    desk.wishForLook()
                    listener(.jobs)
                case .lost: break
                }
            }
        } catch {
            throw StoreError(.invalid, "new work cannot be announced through Redis: \(error)", cause: error)
        }
        subscription.start()
        defer { subscription.close() }
        do throws(StoreError) {
            if let base { return try await base.announceWork(to: listener) }
        } catch {
            // The store cannot be listened to, now or later; Redis can.
            guard error.code == .invalid else { throw error }
        }
        // By the host's clock: it ends with the task.
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }
}
