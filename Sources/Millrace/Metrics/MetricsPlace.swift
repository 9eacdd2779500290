internal import Foundation
internal import MillraceCore
internal import MillracePrometheus

/// The place of a process among those that measure over one store on one host; it is free again when nobody has this any more,
/// or the log is closed.
struct MetricsPlace: Sendable {
    /// What holds a place.
    enum Holder: Sendable {
        /// Nothing else, for the table.
        case slot(InstanceSlot)
        /// The log for a server.
        case log(Outbox)
    }

    let holder: Holder
    private let store: String

    init(_ holder: Holder, store: String) {
        self.holder = holder
        self.store = store
    }

    private var number: Int {
        switch holder {
        case .slot(let slot): slot.number
        case .log(let outbox): outbox.slot
        }
    }

    /// What every series of this process has, and no series of another.
    func labels(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) throws(InvalidValue) -> MetricLabels {
        let given = environment["MILLRACE_INSTANCE"] ?? ""
        let host = given.isEmpty ? ProcessInfo.processInfo.hostName : given
        return try MetricLabels(["job": "millrace", "instance": "\(host):\(number)", "store": store])
    }

    /// Lets nobody have the place before a time.
    func rest(until time: Timestamp) {
        switch holder {
        case .slot(let slot): slot.rest(until: time)
        case .log(let outbox): outbox.rest(until: time)
        }
    }
}
