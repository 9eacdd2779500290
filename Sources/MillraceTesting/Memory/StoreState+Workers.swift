internal import MillraceCore

extension StoreState {
    mutating func register(_ id: WorkerID, process: ProcessIdentity?, until time: Timestamp) {
        workers[id] = Worker(id: id, process: process, leasedUntil: time)
    }

    mutating func renew(_ id: WorkerID, until time: Timestamp, at now: Timestamp) -> Bool {
        guard hasLease(id, at: now), let worker = workers[id] else { return false }
        workers[id] = Worker(id: id, process: worker.process, leasedUntil: time)
        return true
    }

    func hasLease(_ id: WorkerID?, at now: Timestamp) -> Bool {
        guard let id, let worker = workers[id] else { return false }
        return worker.leasedUntil > now
    }

    func requireLease(_ id: WorkerID, at now: Timestamp) throws(StoreError) {
        guard hasLease(id, at: now) else {
            throw StoreError(.conflict, "worker \(id) has no lease: it must register before it claims")
        }
    }

    func leasedWorkers(at now: Timestamp) -> [Worker] {
        workers.values.filter { $0.leasedUntil > now }.sorted { $0.id < $1.id }
    }
}
