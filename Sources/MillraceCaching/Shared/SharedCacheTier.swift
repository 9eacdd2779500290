public import Foundation
public import MillraceCore

/// A tier between memory and the authority that many processes share, and that may be lost at any time.
///
/// An adapter keeps slots and says what is in them; when an answer counts, and what is written when, is the business of
/// ``TieredCache``. What changes a slot is one transition of ``SharedSlot``, in one step on the server; an adapter may
/// repeat one that it does not know to have been done.
///
/// A place is gone when its time is over: that of a lease or a mark is ``SharedSlot/hold``, that of a value what remains
/// of it, at most ``longestStay``.
public protocol SharedCacheTier: Sendable {
    /// The number of the connection that is asked now. It grows when there is a new one, before anything goes out by that:
    /// whoever answers there may have been restored from an older copy.
    var connection: Int { get }

    /// What the tier says about itself, as of one moment. It loses the cursor with the rules, or neither.
    func journal() async throws(StoreError) -> SharedJournal

    /// Begins an epoch, of which there are no rules, if the cursor is still the one that was read.
    ///
    /// - Returns: the cursor that is there now, which is another's if that was quicker.
    func begin(_ cursor: SharedCursor, insteadOf old: SharedCursor?) async throws(StoreError) -> SharedCursor

    /// Tells of writes: adds the invalidated patterns to the journal, each with the greatest version that it was given;
    /// takes away what is older than a write of its key by ``SharedSlot/kill(olderThan:)``; and at last moves the cursor
    /// from where it was read, if it is still there; if it never was, others have told of the rules, and maybe purged them,
    /// and none is added. Of what was told to another server, or to another life of it, or was not told for sure, the
    /// cursor must know nothing: then it does not move.
    ///
    /// - Returns: whether the cursor was moved.
    func tell(
        _ kills: [CacheKey: Int64], rules: [CachePattern: Int64], from old: SharedCursor, upTo version: Int64
    ) async throws(StoreError) -> Bool

    /// Adds an invalidated pattern to the journal, with the greatest version that it was given, unless that is of another
    /// epoch by now; and tells those who listen.
    func announce(
        _ pattern: CachePattern, version: Int64, origin: SharedToken, in epoch: SharedCursor.Epoch
    ) async throws(StoreError)

    /// The values of those of many keys that have one, in one round trip and at the least cost.
    func values(_ keys: [CacheKey], in epoch: SharedCursor.Epoch) async throws(StoreError) -> [CacheKey: SharedValue]

    /// Asks for values or leases: ``SharedSlot/lease(_:replacing:)``. In one round trip; the answers come in order.
    func lease(_ requests: [SharedLease.Request]) async throws(StoreError) -> [SharedSlot<SharedToken, Data>.Answer]

    /// Fills slots, or gives the leases of those that have no value back: ``SharedSlot/fill(_:version:_:)`` and
    /// ``SharedSlot/release(_:)``. In one round trip.
    ///
    /// - Returns: which of them have their value now, in order.
    func settle(_ fills: [SharedLease.Settlement]) async throws(StoreError) -> [Bool]

    /// Makes the time of a lease begin anew: ``SharedSlot/renew(_:)``.
    func renew(_ lease: SharedLease) async throws(StoreError) -> Bool

    /// Says that a key is about to be written, to those who listen too: ``SharedSlot/mark(_:)``.
    ///
    /// - Returns: whether a value gave way.
    @discardableResult
    func mark(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) -> Bool

    /// Says that a write is done, to those who listen too: ``SharedSlot/finish(_:version:_:)``.
    func finish(_ lease: SharedLease, with value: SharedValue, origin: SharedToken) async throws(StoreError) -> Bool

    /// Says that a write has failed or was a deletion, to those who listen too: ``SharedSlot/abort(_:)``.
    func abort(_ lease: SharedLease, origin: SharedToken) async throws(StoreError)

    /// Takes away what a pattern means and is older than a version, slot by slot, letting others be served meanwhile; then
    /// takes the pattern out of the journal, unless it was given another version. All by one connection; it fails, and can
    /// be begun again, when that is lost. `step` is called with each step.
    ///
    /// - Returns: how many values were taken away.
    func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch,
        step: @Sendable () async -> Void
    ) async throws(StoreError) -> Int

    /// Takes the right to purge on behalf of those who did not come to it; one holder has it at a time, for half a minute.
    /// Who purges what it invalidated itself takes it too, if it can, so that others do not think that it did not come to it.
    func mayPurge(as holder: SharedToken) async throws(StoreError) -> Bool

    /// Counts the values of an epoch, and nothing else that may be on the server.
    func count(in epoch: SharedCursor.Epoch) async throws(StoreError) -> Int

    /// Listens to what writers announce. The handler is called on threads of the adapter and must not wait.
    func subscribe(_ handler: @escaping @Sendable (SharedEvent) -> Void) -> any SharedSubscription

    /// Lets go of the connections.
    func close()
}

extension SharedCacheTier {
    /// The same for those who need not hear of the steps.
    public func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch
    ) async throws(StoreError) -> Int {
        try await purge(pattern, olderThan: version, in: epoch) {}
    }

    /// No value stays longer: 24 h.
    public static var longestStay: Duration { .seconds(86_400) }
}

/// A value as the shared tier keeps it.
public struct SharedValue: Hashable, Sendable {
    /// Its version at the authority.
    public let version: Int64
    /// The value in its ``CacheEnvelope``.
    public let envelope: Data
    /// What remains of it.
    public let remaining: Duration

    /// Describes a value; what remains of one that was read is in its envelope.
    public init(version: Int64, envelope: Data, remaining: Duration = .zero) {
        self.version = version
        self.envelope = envelope
        self.remaining = remaining
    }
}

/// What somebody wants to do with a slot, or has been given the right to.
public struct SharedLease: Hashable, Sendable {
    /// The key of the slot.
    public let key: CacheKey
    /// Who it is.
    public let token: SharedToken
    /// The epoch in which the slot lies.
    public let epoch: SharedCursor.Epoch

    /// Describes it.
    public init(_ key: CacheKey, token: SharedToken = .random(), in epoch: SharedCursor.Epoch) {
        self.key = key
        self.token = token
        self.epoch = epoch
    }

    /// What is asked for.
    public struct Request: Hashable, Sendable {
        /// The slot, and who asks.
        public let lease: SharedLease
        /// The version of a value that is of no use.
        public let replacing: Int64?

        /// Describes a request.
        public init(_ lease: SharedLease, replacing version: Int64? = nil) {
            self.lease = lease
            replacing = version
        }
    }

    /// What is done with a lease.
    public struct Settlement: Hashable, Sendable {
        /// The lease.
        public let lease: SharedLease
        /// What comes in; `nil` when there is nothing.
        public let value: SharedValue?

        /// Describes it.
        public init(_ lease: SharedLease, _ value: SharedValue?) {
            self.lease = lease
            self.value = value
        }
    }
}
