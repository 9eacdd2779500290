internal import MillraceCore

// Reading, and getting the right to bring what is not there.
extension SharedLevel {
    /// What became of a lookup.
    enum Finding: Sendable {
        /// A value that counts.
        case hit(CacheEntry)
        /// None, and this cache is to fill the slot with what the authority has, or to give the lease back.
        case lease(SharedLease)
        /// None, and somebody else fills the slot or writes.
        case busy
        /// The tier is out of step, out of reach, or out of luck.
        case closed
    }

    /// Looks a value up, or gets the right to bring it.
    func find(_ key: CacheKey) async -> Finding {
        guard let pass else { return .closed }
        do throws(StoreError) {
            let found = try await ask { (tier) throws(StoreError) in try await tier.values([key], in: pass.epoch)[key] }
            if let found, let entry = usable(found, key, pass) {
                counters.count(found: 1, of: 1)
                return .hit(entry)
            }
            counters.count(found: 0, of: 1)
            return try await lease([(key, found?.version)], pass)[key] ?? .closed
        } catch {
            return .closed
        }
    }

    /// Looks many values up in one round trip, and gets the right to bring the others in a second one. Keys of which
    /// nothing is known are left out.
    func find(many keys: [CacheKey]) async -> [CacheKey: Finding] {
        guard let pass else { return [:] }
        var findings: [CacheKey: Finding] = [:]
        do throws(StoreError) {
            let found = try await ask { (tier) throws(StoreError) in try await tier.values(keys, in: pass.epoch) }
            for (key, value) in found {
                if let entry = usable(value, key, pass) { findings[key] = .hit(entry) }
            }
            counters.count(found: findings.count, of: keys.count)
            let missing = keys.filter { findings[$0] == nil }.map { ($0, found[$0]?.version) }
            guard !missing.isEmpty else { return findings }
            findings.merge(try await lease(missing, pass)) { own, _ in own }
        } catch {
            // What was found counts.
        }
        return findings
    }

    private func lease(
        _ wanted: [(key: CacheKey, useless: Int64?)], _ pass: SharedGate.Pass
    ) async throws(StoreError) -> [CacheKey: Finding] {
        let requests = wanted.map { SharedLease.Request(SharedLease($0.key, in: pass.epoch), replacing: $0.useless) }
        let answers = try await ask { (tier) throws(StoreError) in
            do throws(StoreError) {
                return try await tier.lease(requests)
            } catch {
                // Some may have been given, and nobody would bring anything until their time is over.
                tidy { _ = try await $0.settle(requests.map { .init($0.lease, nil) }) }
                throw error
            }
        }
        var findings: [CacheKey: Finding] = [:]
        for (request, answer) in zip(requests, answers) {
            let key = request.lease.key
            switch answer {
            case .leased: findings[key] = .lease(request.lease)
            case .busy: findings[key] = .busy
            case .value(let version, let envelope):
                // It came in between the two questions.
                let entry = usable(SharedValue(version: version, envelope: envelope), key, pass)
                findings[key] = entry.map { .hit($0) } ?? .busy
            }
        }
        return findings
    }

    /// What was found, if it counts now: the answer may have been on its way for long, the server or this process frozen
    /// meanwhile.
    private func usable(_ value: SharedValue, _ key: CacheKey, _ asked: SharedGate.Pass) -> CacheEntry? {
        guard let pass, time.latest() < asked.end, pass.epoch == asked.epoch, pass.connection == asked.connection,
            !pass.rulesOut(key, version: value.version)
        else { return nil }
        guard let envelope = CacheEnvelope.decode(value.envelope, key: key, version: value.version) else {
            counters.countDamaged()
            return nil
        }
        let entry = storeClock.fromOthers(envelope)
        return entry.remaining(at: clock.now()) == nil ? nil : entry
    }
}
