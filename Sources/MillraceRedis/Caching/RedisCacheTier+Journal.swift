internal import Foundation
public import MillraceCaching
public import MillraceCore

extension RedisCacheTier {
    /// Slots that one script visits at most, or rules that it takes in: it must not keep others waiting.
    static let slotsOfScript = 64

    /// See the port.
    public func journal() async throws(StoreError) -> SharedJournal {
        let before = connection
        let journal = try await journal(by: before)
        // The first command makes the first connection: by now it is there.
        return connection == before ? journal : try await self.journal(by: connection)
    }

    private func journal(by connection: Int) async throws(StoreError) -> SharedJournal {
        let command = command(JournalScripts.read, keys: [.text(places.journal)], arguments: [])
        let pairs = try await sendWithTime(command).elements ?? []
        var cursor: SharedCursor?
        var rules: [CachePattern: Int64] = [:]
        for index in stride(from: 0, to: pairs.count - 1, by: 2) {
            guard let name = pairs[index].text else { continue }
            if name.isEmpty {
                // What cannot be read is as good as lost.
                cursor = pairs[index + 1].text.flatMap { SharedCursor($0) }
            } else if let pattern = try? CachePattern(name), let version = pairs[index + 1].number {
                rules[pattern] = version
            }
        }
        return SharedJournal(cursor: cursor, rules: rules, connection: connection)
    }

    /// See the port.
    public func begin(
        _ cursor: SharedCursor, insteadOf old: SharedCursor?
    ) async throws(StoreError) -> SharedCursor {
        let text = try await begin(cursor, insteadOf: old?.description ?? "")
        if let present = SharedCursor(text) { return present }
        // Not a cursor at all: whoever wrote it there, it must not keep the tier closed for ever.
        return SharedCursor(try await begin(cursor, insteadOf: text)) ?? cursor
    }

    private func begin(_ cursor: SharedCursor, insteadOf old: String) async throws(StoreError) -> String {
        let arguments: [RedisArgument] = [.text(old), .text("\(cursor)")]
        return try await run(JournalScripts.begin, keys: [.text(places.journal)], arguments: arguments).text ?? ""
    }

    /// See the port.
    ///
    /// The last of what is told is a proof, without which the cursor does not move: a server that has it has all before it,
    /// also when it has come back from a copy, or is another by now.
    public func tell(
        _ kills: [CacheKey: Int64], rules: [CachePattern: Int64], from old: SharedCursor, upTo version: Int64
    ) async throws(StoreError) -> Bool {
        var commands = ruling(rules, at: old)
        commands += killing(kills, in: old.epoch).map { keys, versions in
            command(SlotScripts.kill, keys: keys, arguments: versions)
        }
        let proof = RedisArgument.text(places.proof(UUID()))
        commands.append(RedisCommand("SET", proof, "", "PX", Self.hold))
        for reply in await client.send(commands) {
            guard case .failure(let error) = reply else { continue }
            // What is there cannot be mended key by key: from now on nothing of it is looked at.
            if case .server = error.code {
                _ = try await begin(SharedCursor(epoch: .random(), version: version), insteadOf: old)
            }
            throw StoreError(error)
        }
        let cursor = SharedCursor(epoch: old.epoch, version: version)
        return try await run(
            JournalScripts.advance, keys: [.text(places.journal), proof],
            arguments: [.text("\(old)"), .text("\(cursor)")]
        ).number == 1
    }

    /// See the port.
    public func announce(
        _ pattern: CachePattern, version: Int64, origin: SharedToken, in epoch: SharedCursor.Epoch
    ) async throws(StoreError) {
        let message = BusMessage.body(.pattern(pattern), version: version, origin: origin)
        _ = try await run(
            JournalScripts.rule, keys: [.text(places.journal), .text(places.sequence)],
            arguments: [
                .text("\(epoch)"), .text(places.channel), message, .text(pattern.text), .integer(version),
            ])
    }

    /// See the port.
    public func mayPurge(as holder: SharedToken) async throws(StoreError) -> Bool {
        try await run(
            JournalScripts.purger, keys: [.text(places.purger)],
            arguments: [SlotCoding.token(holder), .integer(CacheManager.upkeepLease.wholeMicroseconds / 1_000)]
        ).number == 1
    }

    /// Slots to be visited by one script each, with their versions: those of one bucket, and not too many.
    func killing(
        _ versions: [CacheKey: Int64], in epoch: SharedCursor.Epoch
    ) -> [(keys: [RedisArgument], versions: [RedisArgument])] {
        let buckets = Dictionary(grouping: versions) { SharedBucket.number(of: $0.key) }
        return buckets.values.flatMap { bucket in
            stride(from: 0, to: bucket.count, by: Self.slotsOfScript).map { start in
                let part = bucket[start..<min(start + Self.slotsOfScript, bucket.count)]
                return (
                    part.map { .text(places.slot($0.key, epoch)) }, part.map { SlotCoding.version($0.value) }
                )
            }
        }
    }

    /// Commands that take rules in, as long as the cursor is there. Each may be done without the others: a rule that is
    /// there early only sends lookups to the authority.
    private func ruling(_ rules: [CachePattern: Int64], at cursor: SharedCursor) -> [RedisCommand] {
        let rules = Array(rules)
        return stride(from: 0, to: rules.count, by: Self.slotsOfScript).map { start in
            let part = rules[start..<min(start + Self.slotsOfScript, rules.count)]
            return command(
                JournalScripts.rule, keys: [.text(places.journal), .text(places.sequence)],
                arguments: [.text("\(cursor)"), "", ""] + part.flatMap { [.text($0.key.text), .integer($0.value)] })
        }
    }

    private func command(
        _ script: RedisScript, keys: [RedisArgument], arguments: [RedisArgument]
    ) -> RedisCommand {
        RedisCommand("EVAL", [.text(script.source), .integer(Int64(keys.count))] + keys + arguments)
    }
}
