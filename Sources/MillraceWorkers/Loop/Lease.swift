internal import MillraceCore

/// One lease of one item; the same item under another token is another lease.
struct Lease<ID: Hashable & Sendable>: Hashable, Sendable {
    let id: ID
    let token: LeaseToken
}
