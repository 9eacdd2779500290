import Foundation
import MillraceCore
import MillraceTesting
import Testing

@testable import MillraceCaching

/// The parts of the shared tier that know neither a server nor a clock.
@Suite struct SharedPartsTests {
    private let start = Timestamp(microseconds: 0)
    private let epoch = SharedCursor.Epoch.random()

    // MARK: The gate

    private func opened() -> SharedGate {
        var gate = SharedGate()
        gate.open(epoch, rules: [:], connection: 1, askedAt: start)
        return gate
    }

    @Test func `answers count for two seconds after the store was asked, by the connection that was told`() {
        let gate = opened()
        #expect(SharedGate().pass(at: start, by: 1) == nil)
        #expect(gate.pass(at: start + .seconds(2) - .microseconds(1), by: 1)?.epoch == epoch)
        #expect(gate.pass(at: start + .seconds(2), by: 1) == nil)
        #expect(gate.pass(at: start, by: 2) == nil, "a server behind another connection may be an older copy")
        var closed = gate
        closed.close()
        #expect(closed.pass(at: start, by: 1) == nil)
    }

    @Test func `a rule that is heard of while the store is asked is not forgotten with its answer`() throws {
        var gate = opened()
        let (old, new) = (try CachePattern("old*"), try CachePattern("new*"))
        gate.rule(out: old, olderThan: 5)
        gate.ask()
        gate.rule(out: new, olderThan: 9)
        gate.open(epoch, rules: [new: 7], connection: 1, askedAt: start)
        let pass = try #require(gate.pass(at: start, by: 1))
        #expect(pass.rules == [new: 9], "and one that was heard of before is the answer's business")
        #expect(pass.rulesOut(CacheKey(stored: "new1"), version: 8))
        #expect(!pass.rulesOut(CacheKey(stored: "new1"), version: 9))
        #expect(!pass.rulesOut(CacheKey(stored: "other"), version: 1))
    }

    @Test func `an answer does not open what was closed since the question was put`() {
        var gate = SharedGate()
        gate.ask()
        gate.close()
        gate.open(epoch, rules: [:], connection: 1, askedAt: start)
        #expect(gate.pass(at: start, by: 1) == nil)
        gate.ask()
        gate.open(epoch, rules: [:], connection: 1, askedAt: start)
        #expect(gate.pass(at: start, by: 1) != nil)
    }

    // MARK: What is to be told

    private func changes(_ newest: Int64, _ writes: [(Int64, CacheChanges.Change.Scope)]?) -> CacheChanges {
        CacheChanges(newest: newest, writes: writes?.map { CacheChanges.Change(version: $0.0, scope: $0.1) })
    }

    @Test func `what was written behind the cursor is told, each key with its last version`() throws {
        let (a, b) = (CacheKey(stored: "a"), CacheKey(stored: "b"))
        let all = try CachePattern("*")
        let plan = DrainPlan(
            SharedCursor(epoch: epoch, version: 4),
            changes(
                9, [(4, .key(b)), (5, .key(a)), (6, .pattern(all)), (7, .key(a)), (8, .pattern(all)), (9, .key(b))]))
        #expect(plan == .tell(kills: [a: 7, b: 9], rules: [all: 8], to: SharedCursor(epoch: epoch, version: 9)))
    }

    @Test func `nothing is told to a tier that has heard of everything`() {
        let cursor = SharedCursor(epoch: epoch, version: 4)
        #expect(DrainPlan(cursor, changes(4, [])) == .none(cursor))
        #expect(DrainPlan(cursor, changes(4, nil)) == .none(cursor), "whatever memory has missed")
    }

    @Test func `an epoch begins when nobody can tell what the tier has missed`() {
        let cases: [(SharedCursor?, CacheChanges)] = [
            (nil, changes(4, [])), (SharedCursor(epoch: epoch, version: 4), changes(9, nil)),
            (SharedCursor(epoch: epoch, version: 12), changes(9, [])),
        ]
        for (cursor, changes) in cases {
            guard case .begin(let new) = DrainPlan(cursor, changes) else {
                Issue.record("no new epoch after \(String(describing: cursor))")
                continue
            }
            #expect(new.epoch != epoch)
            #expect(new.version == changes.newest)
        }
    }

    @Test func `a cursor is read as it was written, and nothing else is one`() {
        let cursor = SharedCursor(epoch: epoch, version: 1 << 60)
        #expect(SharedCursor(cursor.description) == cursor)
        for text in [
            "", ":", "\(epoch)", "\(epoch):", "\(epoch):-1", "\(epoch):1:2", "x:1", "\(epoch)0:1", "\(epoch):1 ",
        ] {
            #expect(SharedCursor(text) == nil, "\(text)")
        }
    }

    // MARK: Messages

    @Test func `a number that is not the next one is a gap, in each channel for itself`() {
        var watch = SequenceWatch()
        #expect([7, 8, 9].map { watch.isNext($0, on: 1) } == [true, true, true])
        #expect([1, 2].map { watch.isNext($0, on: 2) } == [true, true])
        #expect([11, 12].map { watch.isNext($0, on: 1) } == [false, true])
        #expect([12, 1].map { watch.isNext($0, on: 1) } == [false, false], "again, or counted anew")
        watch.reset()
        #expect(watch.isNext(40, on: 1) == true, "after a gap that is known")
    }

    @Test func `the buckets are the same in every process, and take about as many keys each`() {
        #expect(SharedBucket.number(of: CacheKey(stored: "a")) == 192)
        var counts = [Int](repeating: 0, count: SharedBucket.count)
        for index in 0..<25_600 { counts[SharedBucket.number(of: CacheKey(stored: "chunk:\(index)"))] += 1 }
        #expect(counts.allSatisfy { (50...160).contains($0) }, "\(counts.min() ?? 0) to \(counts.max() ?? 0) of 100")
    }

    // MARK: The time of the server

    @Test func `the server's time is known as well as the fastest answer tells it`() throws {
        var offset = ClockOffset()
        #expect(offset.isDue(at: start) && offset.time(at: start) == nil)
        // The server is an hour ahead; one answer was slow on its way back.
        offset.add(asked: start, heard: start + .milliseconds(80), there: start + .seconds(3_600))
        offset.add(
            asked: start + .seconds(60), heard: start + .seconds(60) + .milliseconds(2),
            there: start + .seconds(3_660) + .milliseconds(1))
        offset.add(
            asked: start + .seconds(120), heard: start + .seconds(120) + .milliseconds(90),
            there: start + .seconds(3_720) + .milliseconds(1))
        #expect(offset.time(at: start + .seconds(120)) == start + .seconds(3_720))
        #expect(!offset.isDue(at: start + .seconds(170)) && offset.isDue(at: start + .seconds(181)))
    }

    @Test func `a clock that was set there is followed at once`() {
        var offset = ClockOffset()
        offset.add(asked: start, heard: start + .milliseconds(1), there: start)
        offset.add(
            asked: start + .seconds(60), heard: start + .seconds(60) + .milliseconds(9), there: start + .seconds(3_660))
        let now = start + .seconds(70)
        let time = offset.time(at: now)
        #expect(time.map { abs(($0 - now).inSeconds - 3_600) < 0.01 } == true)
    }

    // MARK: The envelope

    private let entry = CacheEntry(
        key: CacheKey(stored: "k"), value: CacheValue(bytes: Data((0..<100).map { UInt8($0) }), codec: .json),
        createdAt: Timestamp(microseconds: 1_700_000_000_000_001),
        expiresAt: Timestamp(microseconds: 1_700_000_060_000_002), version: 77)

    @Test func `an envelope gives back what was put in`() {
        #expect(CacheEnvelope.decode(CacheEnvelope.encode(entry), key: entry.key, version: 77) == entry)
        // Out of the middle of something longer, as it comes from a buffer.
        let longer = Data([1, 2, 3]) + CacheEnvelope.encode(entry)
        #expect(CacheEnvelope.decode(longer.dropFirst(3), key: entry.key, version: 77) == entry)
    }

    @Test func `an envelope that is damaged anywhere is none`() {
        let sound = CacheEnvelope.encode(entry)
        for place in sound.indices {
            for bit in 0..<8 {
                var damaged = sound
                damaged[place] ^= 1 << UInt8(bit)
                #expect(CacheEnvelope.decode(damaged, key: entry.key, version: 77) == nil, "byte \(place) bit \(bit)")
            }
        }
        for length in 0..<sound.count {
            #expect(CacheEnvelope.decode(sound.prefix(length), key: entry.key, version: 77) == nil)
        }
        #expect(CacheEnvelope.decode(sound + [0], key: entry.key, version: 77) == nil)
        #expect(CacheEnvelope.decode(sound, key: CacheKey(stored: "l"), version: 77) == nil, "of another key")
        #expect(CacheEnvelope.decode(sound, key: entry.key, version: 78) == nil, "of another version")
    }

    @Test func `the checksum is that of RFC 3720`() {
        func sum(_ bytes: [UInt8], at cut: Int = 0) -> UInt32 {
            var sum = CRC32C()
            bytes[..<cut].withUnsafeBytes { sum.add($0) }
            bytes[cut...].withUnsafeBytes { sum.add($0) }
            return sum.value
        }
        #expect(sum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(sum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(sum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(sum(Array("123456789".utf8)) == 0xE306_9283)
        let bytes = (0..<100).map { UInt8($0) }
        for cut in 0...100 { #expect(sum(bytes, at: cut) == sum(bytes)) }
    }
}
