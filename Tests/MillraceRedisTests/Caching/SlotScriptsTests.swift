import Foundation
import MillraceCaching
import MillraceCore
import MillraceTesting
import NIOCore
import TestServers
import Testing

@testable import MillraceRedis

/// The scripts do what the state machine says.
@Suite(.timeLimit(.minutes(5))) struct SlotScriptsTests {
    /// Three keys, four who do something with them, versions that meet each other.
    private struct Run {
        let keys = (0..<3).map { CacheKey(stored: "key \($0)") }
        let epoch = SharedCursor.Epoch.random()
        let tokens = (0..<4).map { _ in SharedToken.random() }
        var generator: SeededGenerator

        mutating func lease() -> SharedLease {
            SharedLease(
                keys[Int.random(in: keys.indices, using: &generator)],
                token: tokens[Int.random(in: tokens.indices, using: &generator)], in: epoch)
        }

        mutating func version() -> Int64 {
            let near = Int64.random(in: 1...6, using: &generator)
            // Some that a floating-point number cannot tell apart, and some whose bytes are beyond 127.
            return Bool.random(using: &generator) ? near : (1 << 60) + 0xF0 * near
        }

        mutating func value() -> SharedValue {
            let version = version()
            // Some are longer than any lease or mark.
            let envelope = Data("\(version)".utf8) + Data(count: [0, 0, 1_100].randomElement(using: &generator) ?? 0)
            return SharedValue(version: version, envelope: envelope, remaining: .seconds(1_000))
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `random sequences of transitions end alike on the server and in the state machine`(
        program: RedisServer.Program
    ) async throws {
        let seed = TestSeed.value
        print("seed \(seed)")
        var run = Run(generator: SeededGenerator(seed: seed))
        let client = try await RedisServer.shared(program).client()
        defer { client.close() }
        let real = RedisCacheTier(client, storeID: String(UInt64.random(in: .min ... .max), radix: 16))
        let model = InMemorySharedTier(clock: ManualClock())
        var cursor = SharedCursor(epoch: run.epoch, version: 1)
        for tier in [real, model] as [any SharedCacheTier] { _ = try await tier.begin(cursor, insteadOf: nil) }
        for step in 0..<4_000 {
            let lease = run.lease()
            let what: String
            switch Int.random(in: 0..<9, using: &run.generator) {
            case 0, 1:
                let useless = Bool.random(using: &run.generator) ? run.version() : nil
                let request = SharedLease.Request(lease, replacing: useless)
                what = "lease"
                #expect(try await real.lease([request]) == model.lease([request]), "step \(step)")
            case 2, 3:
                let fill = SharedLease.Settlement(lease, run.value())
                what = "fill"
                #expect(try await real.settle([fill]) == model.settle([fill]), "step \(step)")
            case 4:
                what = "release"
                let release = SharedLease.Settlement(lease, nil)
                #expect(try await real.settle([release]) == model.settle([release]), "step \(step)")
                #expect(try await real.renew(lease) == model.renew(lease), "step \(step)")
            case 5:
                what = "mark"
                for tier in [real, model] as [any SharedCacheTier] { try await tier.mark(lease, origin: lease.token) }
            case 6, 7:
                what = "finish"
                let value = run.value()
                let isThere = try await real.finish(lease, with: value, origin: lease.token)
                #expect(try await model.finish(lease, with: value, origin: lease.token) == isThere, "step \(step)")
            default:
                what = "kill or abort"
                if Bool.random(using: &run.generator) {
                    for tier in [real, model] as [any SharedCacheTier] {
                        try await tier.abort(lease, origin: lease.token)
                    }
                } else {
                    let kills = Dictionary([(run.lease().key, run.version()), (run.lease().key, run.version())]) {
                        _, last in last
                    }
                    for tier in [real, model] as [any SharedCacheTier] {
                        #expect(try await tier.tell(kills, rules: [:], from: cursor, upTo: cursor.version + 1))
                    }
                    cursor = SharedCursor(epoch: run.epoch, version: cursor.version + 1)
                }
            }
            let names = run.keys.map { RedisArgument.text(real.places.slot($0, run.epoch)) }
            // Nothing ends by itself between two steps, however busy the machine is: in the model nothing does.
            let slots = await client.send(
                names.map { RedisCommand("GET", $0) } + names.map { RedisCommand("PERSIST", $0) })
            for (key, slot) in zip(run.keys, slots) {
                try #require(Self.content(try slot.get()) == model.content(key), "step \(step), \(what), seed \(seed)")
            }
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `what is no slot is taken for nothing`(program: RedisServer.Program) async throws {
        let client = try await RedisServer.shared(program).client()
        defer { client.close() }
        let tier = RedisCacheTier(client, storeID: String(UInt64.random(in: .min ... .max), radix: 16))
        let epoch = SharedCursor.Epoch.random()
        let key = CacheKey(stored: "k")
        let longMark = "M" + String(repeating: "1", count: 8 + 16 * 65)
        for text in [
            "", "V", "V1234567", "L", "L12345678901234567", "M", "M12345678", "M123456780", longMark, "X", "hello",
        ] {
            let name = RedisArgument.text(tier.places.slot(key, epoch))
            _ = try await client.send(RedisCommand("SET", name, .text(text)))
            #expect(try await tier.values([key], in: epoch).isEmpty || text.count >= 9, "\(text)")
            let lease = SharedLease(key, in: epoch)
            #expect(try await tier.lease([.init(lease)]) == [.leased], "\(text)")
            _ = try await client.send(RedisCommand("SET", name, .text(text)))
            try await tier.mark(lease, origin: lease.token)
            let value = SharedValue(version: 1, envelope: Data(), remaining: .seconds(10))
            #expect(try await tier.finish(lease, with: value, origin: lease.token), "\(text)")
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `only who is to get a value has it read`(program: RedisServer.Program) async throws {
        try await RedisServer.with(program) { server in
            let client = try server.client()
            defer { client.close() }
            let tier = RedisCacheTier(client, storeID: "read")
            let epoch = SharedCursor.Epoch.random()
            let key = CacheKey(stored: "k")
            func lease() -> SharedLease { SharedLease(key, in: epoch) }
            let value = SharedValue(version: 5, envelope: Data(count: 100_000), remaining: .seconds(600))
            func fill() async throws {
                let lease = lease()
                #expect(try await tier.lease([.init(lease)]) == [.leased])
                #expect(try await tier.settle([.init(lease, value)]) == [true])
            }
            try await fill()
            _ = try await client.send(RedisCommand("CONFIG RESETSTAT"))

            #expect(try await tier.settle([.init(lease(), value), .init(lease(), nil)]) == [false, false])
            #expect(try await tier.renew(lease()) == false)
            #expect(try await tier.finish(lease(), with: value, origin: .random()) == false)
            let holder = lease()
            #expect(try await tier.lease([.init(holder, replacing: 5)]) == [.leased])
            #expect(try await tier.renew(holder))
            #expect(try await tier.settle([.init(holder, nil)]) == [false])
            try await fill()
            let writer = lease()
            #expect(try await tier.mark(writer, origin: .random()))
            #expect(try await tier.finish(writer, with: value, origin: .random()))
            let other = SharedValue(version: 4, envelope: value.envelope, remaining: value.remaining)
            #expect(try await tier.finish(lease(), with: other, origin: .random()) == false)
            #expect(try await client.calls(of: "get") == 0)

            #expect(try await tier.lease([.init(lease())]) == [.value(version: 5, value.envelope)])
            #expect(try await client.calls(of: "get") == 1)
            try await tier.abort(lease(), origin: .random())
            #expect(try await tier.lease([.init(lease())]) == [.leased])
            #expect(try await client.calls(of: "get") == 1)
        }
    }

    @Test(arguments: RedisServer.Program.allCases)
    func `a mark has as many writers on the server as in the state machine`(program: RedisServer.Program) async throws {
        let client = try await RedisServer.shared(program).client()
        defer { client.close() }
        let real = RedisCacheTier(client, storeID: String(UInt64.random(in: .min ... .max), radix: 16))
        let model = InMemorySharedTier(clock: ManualClock())
        let epoch = SharedCursor.Epoch.random()
        _ = try await model.begin(SharedCursor(epoch: epoch, version: 1), insteadOf: nil)
        let writers = (0..<67).map { _ in SharedLease(CacheKey(stored: "k"), in: epoch) }
        for writer in writers {
            for tier in [real, model] as [any SharedCacheTier] { try await tier.mark(writer, origin: writer.token) }
        }
        for writer in writers.suffix(65) {
            let value = SharedValue(version: 1, envelope: Data(), remaining: .seconds(10))
            let isThere = try await real.finish(writer, with: value, origin: writer.token)
            #expect(try await model.finish(writer, with: value, origin: writer.token) == isThere)
            let slot = try await client.send(RedisCommand("GET", .text(real.places.slot(writer.key, epoch))))
            #expect(Self.content(slot) == model.content(writer.key))
        }
    }

    private static func content(_ slot: RESPValue) -> SharedSlot<SharedToken, Data>.Content? {
        guard case .bulkString(var bytes) = slot else { return .absent }
        switch bytes.readInteger(as: UInt8.self) {
        case UInt8(ascii: "V"):
            guard let version = bytes.readInteger(as: Int64.self) else { return nil }
            return .value(version: version, Data(bytes.readableBytesView))
        case UInt8(ascii: "L"):
            return SharedToken(bytes.readableBytesView).map { .lease($0) }
        case UInt8(ascii: "M"):
            guard let floor = bytes.readInteger(as: Int64.self) else { return nil }
            var tokens: [SharedToken] = []
            while let token = bytes.readBytes(length: 16) {
                guard let token = SharedToken(token) else { return nil }
                tokens.append(token)
            }
            return .mark(floor: floor, tokens)
        default: return nil
        }
    }
}
