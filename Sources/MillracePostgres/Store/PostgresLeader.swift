internal import Foundation
internal import MillraceCore

/// Finds out who does what one process does for all, by a row of `leaders` that is held for a while and renewed.
///
/// Whoever leads is told so for as long as the lease lasts; a leader that dies is followed by another once it has run
/// out. Two may believe to lead for a moment, when one of them was held up: what a leader does must bear being done
/// twice.
struct PostgresLeader: Sendable {
    let store: PostgresStore
    /// What is led; one row each.
    let name: String
    /// How long the right lasts without being renewed.
    let lease: Duration
    /// Tells this one from all others, also in the same process.
    private let holder: String

    init(_ store: PostgresStore, name: String, lease: Duration) {
        self.store = store
        self.name = name
        self.lease = lease
        holder = UUID().uuidString.lowercased()
    }

    /// Takes the lease when nobody has it, or renews it; one statement.
    ///
    /// - Returns: whether this is the leader now, for the length of the lease.
    func lead() async throws(StoreError) -> Bool {
        try await store.execute(
            """
            INSERT INTO \(store.schema).leaders AS leader (name, holder, lease_until)
            VALUES ($1, $2, coalesce($4::timestamptz, now()) + $3::bigint * interval '1 microsecond')
            ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, lease_until = excluded.lease_until
                WHERE leader.holder = excluded.holder OR leader.lease_until <= coalesce($4::timestamptz, now())
            """, [.text(name), .text(holder), .microseconds(lease), store.now], isIdempotent: true) == 1
    }

    /// Gives the lease up, so that another can lead at once. Does nothing when another leads.
    func resign() async throws(StoreError) {
        try await store.execute(
            "DELETE FROM \(store.schema).leaders WHERE name = $1 AND holder = $2", [.text(name), .text(holder)],
            isIdempotent: true)
    }
}
