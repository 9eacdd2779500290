public import Foundation
public import MillraceCaching
public import MillraceCore

extension RedisCacheTier {
    /// See the port.
    public func values(
        _ keys: [CacheKey], in epoch: SharedCursor.Epoch
    ) async throws(StoreError) -> [CacheKey: SharedValue] {
        if keys.count == 1 {
            let reply = try await send(RedisCommand("GET", .text(places.slot(keys[0], epoch))), repeatable: true)
            return SlotCoding.value(reply).map { [keys[0]: $0] } ?? [:]
        }
        let replies = await client.send(
            keys.map { RedisCommand("GET", .text(places.slot($0, epoch))) }, repeatable: true)
        var values: [CacheKey: SharedValue] = [:]
        for (key, reply) in zip(keys, replies) { values[key] = SlotCoding.value(try value(reply)) }
        return values
    }

    /// See the port.
    public func lease(
        _ requests: [SharedLease.Request]
    ) async throws(StoreError) -> [SharedSlot<SharedToken, Data>.Answer] {
        let replies = await client.run(
            SlotScripts.lease,
            calls: requests.map { request in
                let useless = request.replacing.map { SlotCoding.version($0) } ?? ""
                return ([slot(request.lease)], [SlotCoding.token(request.lease.token), Self.hold, useless])
            }, repeatable: true)
        var answers: [SharedSlot<SharedToken, Data>.Answer] = []
        for reply in replies {
            let reply = try value(reply)
            if let value = SlotCoding.value(reply) {
                answers.append(.value(version: value.version, value.envelope))
            } else {
                answers.append(reply.number == 1 ? .leased : .busy)
            }
        }
        return answers
    }

    /// See the port.
    public func settle(_ fills: [SharedLease.Settlement]) async throws(StoreError) -> [Bool] {
        // One flight for each of the two scripts, one after the other only if both are needed.
        let released = fills.filter { $0.value == nil }
        if !released.isEmpty {
            let replies = await client.run(
                SlotScripts.release, calls: released.map { ([slot($0.lease)], [SlotCoding.token($0.lease.token)]) },
                repeatable: true)
            for reply in replies { _ = try value(reply) }
        }
        let filled = fills.compactMap { fill in fill.value.map { (fill.lease, $0) } }
        var isThere: Set<SharedLease> = []
        if !filled.isEmpty {
            let replies = await client.run(
                SlotScripts.fill,
                calls: filled.map { lease, value in
                    (
                        [slot(lease)],
                        [SlotCoding.token(lease.token), SlotCoding.value(value), end(after: value.remaining)]
                    )
                }, repeatable: true)
            for (fill, reply) in zip(filled, replies) where try value(reply).number == 1 { isThere.insert(fill.0) }
        }
        return fills.map { isThere.contains($0.lease) }
    }

    /// See the port.
    public func renew(_ lease: SharedLease) async throws(StoreError) -> Bool {
        try await run(
            SlotScripts.renew, keys: [slot(lease)], arguments: [SlotCoding.token(lease.token), Self.hold]
        ).number == 1
    }

    /// See the port.
    @discardableResult
    public func mark(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) -> Bool {
        let bucket = SharedBucket.number(of: lease.key)
        return try await run(
            SlotScripts.mark, keys: [slot(lease), .text(places.sequence(bucket))],
            arguments: [
                SlotCoding.token(lease.token), Self.hold, .text(places.channel(bucket)),
                BusMessage.body(.key(lease.key), version: nil, origin: origin),
            ]
        ).number == 1
    }

    /// See the port.
    public func finish(
        _ lease: SharedLease, with value: SharedValue, origin: SharedToken
    ) async throws(StoreError) -> Bool {
        try await finish(lease, version: value.version, value, origin)
    }

    /// See the port.
    public func abort(_ lease: SharedLease, origin: SharedToken) async throws(StoreError) {
        _ = try await finish(lease, version: nil, nil, origin)
    }

    private func finish(
        _ lease: SharedLease, version: Int64?, _ value: SharedValue?, _ origin: SharedToken
    ) async throws(StoreError) -> Bool {
        let bucket = SharedBucket.number(of: lease.key)
        return try await run(
            SlotScripts.finish, keys: [slot(lease), .text(places.sequence(bucket))],
            arguments: [
                SlotCoding.token(lease.token), SlotCoding.version(version ?? .max),
                value.map { SlotCoding.value($0) } ?? "", end(after: value?.remaining ?? .zero),
                .text(places.channel(bucket)), BusMessage.body(.key(lease.key), version: version, origin: origin),
            ]
        ).number == 1
    }

    private func slot(_ lease: SharedLease) -> RedisArgument { .text(places.slot(lease.key, lease.epoch)) }
}
