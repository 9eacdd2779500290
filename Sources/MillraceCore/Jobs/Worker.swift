/// A process that takes work under a lease. Row in `workers`.
public struct Worker: Sendable, Identifiable, Hashable {
    /// Identity; a worker that lost its lease comes back under a new one.
    public let id: WorkerID
    /// The process that the worker runs in; `nil` where the system does not tell.
    public let process: ProcessIdentity?
    /// Until when its leases hold.
    public let leasedUntil: Timestamp

    /// Describes a worker.
    public init(id: WorkerID, process: ProcessIdentity?, leasedUntil: Timestamp) {
        self.id = id
        self.process = process
        self.leasedUntil = leasedUntil
    }
}
