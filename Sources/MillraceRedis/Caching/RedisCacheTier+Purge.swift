public import MillraceCaching
public import MillraceCore

extension RedisCacheTier {
    /// Names that the server looks at in one step, whoever's they are; few, because all others wait while it does.
    private static let namesOfStep = 100
    /// Slots of one bucket that are gathered for one script: its call takes the server longer than a slot does.
    private static let slotsOfKill = 16
    /// Buckets whose last slots are visited in one step.
    private static let bucketsOfStep = 8

    /// See the port.
    ///
    /// After each step the server is left to others for as long as the step took.
    public func purge(
        _ pattern: CachePattern, olderThan version: Int64, in epoch: SharedCursor.Epoch,
        step: @Sendable () async -> Void
    ) async throws(StoreError) -> Int {
        let connection = connection
        var removed = 0
        let reader = places.slotReader(epoch)
        var waiting: [[RedisArgument]] = Array(repeating: [], count: SharedBucket.count)
        try await forEachSlot(in: epoch) { (names) throws(StoreError) in
            await step()
            var full: [[RedisArgument]] = []
            for name in names {
                guard let slot = reader.read(name), pattern.matches(slot.key) else { continue }
                waiting[slot.bucket].append(.text(name))
                guard waiting[slot.bucket].count == Self.slotsOfKill else { continue }
                full.append(waiting[slot.bucket])
                waiting[slot.bucket] = []
            }
            removed += try await kill(full, olderThan: version)
        }
        var rest = waiting.filter { !$0.isEmpty }[...]
        while !rest.isEmpty {
            await step()
            removed += try await kill(Array(rest.prefix(Self.bucketsOfStep)), olderThan: version)
            rest = rest.dropFirst(Self.bucketsOfStep)
        }
        try require(connection)
        _ = try await run(
            JournalScripts.forget, keys: [.text(places.journal)],
            arguments: [.text("\(epoch)"), .text(pattern.text), .integer(version)])
        do throws(StoreError) {
            try require(connection)
        } catch {
            // It may have been forgotten by a server that was restored from before it was purged.
            _ = try await run(
                JournalScripts.rule, keys: [.text(places.journal), .text(places.sequence)],
                arguments: [.text("\(epoch)"), "", "", .text(pattern.text), .integer(version)])
            throw error
        }
        return removed
    }

    /// See the port.
    public func count(in epoch: SharedCursor.Epoch) async throws(StoreError) -> Int {
        var count = 0
        // Of the names only their hashes, as there may be millions: two in a million million million are the same.
        var seen: Set<Int> = []
        try await forEachSlot(in: epoch) { (names) throws(StoreError) in
            // The server may name a slot twice.
            let new = names.filter { seen.insert($0.hashValue).inserted }
            guard !new.isEmpty else { return }
            let replies = await client.send(
                new.map { RedisCommand("GETRANGE", .text($0), 0, 0) }, repeatable: true)
            for reply in replies where try value(reply).text == "V" { count += 1 }
        }
        return count
    }

    /// Takes away what is from before a version in slots, those of one bucket by one script.
    private func kill(_ slots: [[RedisArgument]], olderThan version: Int64) async throws(StoreError) -> Int {
        guard !slots.isEmpty else { return 0 }
        let replies = await client.run(
            SlotScripts.kill, calls: slots.map { ($0, [SlotCoding.version(version)]) }, repeatable: true)
        var removed = 0
        for reply in replies { removed += Int(try value(reply).number ?? 0) }
        return removed
    }

    private func require(_ connection: Int) throws(StoreError) {
        guard self.connection == connection else {
            throw StoreError(.unavailable, "the connection to \(client.configuration) was lost while it was purged")
        }
    }

    private func forEachSlot(
        in epoch: SharedCursor.Epoch, _ body: ([String]) async throws(StoreError) -> Void
    ) async throws(StoreError) {
        var place = "0"
        repeat {
            let start = ContinuousClock.now
            let reply = try await send(
                RedisCommand(
                    "SCAN", .text(place), "MATCH", .text(places.slots(epoch)), "COUNT",
                    .integer(Int64(Self.namesOfStep))),
                repeatable: true)
            guard let parts = reply.elements, parts.count == 2, let next = parts[0].text else {
                throw StoreError(.unexpected, "\(client.configuration) does not understand SCAN")
            }
            try await body(parts[1].elements?.compactMap(\.text) ?? [])
            place = next
            if place != "0", (try? await Task.sleep(for: start.duration(to: .now))) == nil {
                throw StoreError(.cancelled, "cancelled while the shared tier was looked through")
            }
        } while place != "0"
    }
}
