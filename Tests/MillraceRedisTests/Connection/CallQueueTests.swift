import MillraceTesting
import NIOCore
import Testing

@testable import MillraceRedis

@Suite struct CallQueueTests {
    private var queue = CallQueue<Int>(limit: 10)

    private func call(
        _ number: Int, deadline: Int64 = 100, isRepeatable: Bool = false
    ) -> CallQueue<Int>.Call {
        .init(
            command: RedisCommand("ECHO", .integer(Int64(number))), caller: number,
            deadline: .uptimeNanoseconds(UInt64(deadline)), isRepeatable: isRepeatable)
    }

    private mutating func add(_ numbers: Int..., deadline: Int64 = 100, isRepeatable: Bool = false) -> [UInt64] {
        numbers.map { queue.add(call($0, deadline: deadline, isRepeatable: isRepeatable)) }
    }

    /// Everything that waits is written.
    private mutating func write() -> Int { queue.takeWaiting(upTo: .max).count }

    @Test mutating func `replies belong to commands in the order in which they were written`() {
        _ = add(1, 2)
        #expect(write() == 2)
        _ = add(3)
        #expect(queue.takeReply() == .some(1))
        #expect(write() == 1)
        #expect(queue.takeReply() == .some(2))
        #expect(queue.takeReply() == .some(3))
        #expect(!queue.awaitsReply)
        let unasked = queue.takeReply()
        #expect(unasked == nil)
    }

    @Test mutating func `one that was given up before it is written is never written`() {
        let ids = add(1, 2)
        #expect(queue.abandon(ids[0])?.mayHaveRun == false)
        #expect(queue.abandon(ids[0]) == nil)
        #expect(write() == 1)
        #expect(queue.takeReply() == .some(2))
    }

    @Test mutating func `one that was given up after that keeps its place, and its reply reaches nobody`() {
        let ids = add(1, 2)
        #expect(write() == 2)
        #expect(queue.abandon(ids[0])?.mayHaveRun == true)
        let dropped = queue.takeReply()
        #expect(dropped == .some(nil))
        #expect(queue.takeReply() == .some(2))
    }

    @Test mutating func `no more is taken on than is allowed; who gives up keeps a place until the reply comes`() {
        let ids = add(0, 1, 2, 3, 4, 5, 6, 7, 8)
        #expect(queue.hasRoom(for: 1) && !queue.hasRoom(for: 2))
        _ = write()
        _ = queue.abandon(ids[0])
        #expect(queue.count == 8 && !queue.hasRoom(for: 2))
        _ = queue.takeReply()
        #expect(queue.hasRoom(for: 2))
    }

    @Test mutating func `what is sent together is written together`() {
        _ = add(1)
        for number in 2...4 {
            var call = call(number)
            call.followsOn = number > 2
            _ = queue.add(call)
        }
        #expect(queue.takeWaiting(upTo: 1).count == 1)
        #expect(queue.takeWaiting(upTo: 1).count == 3)
    }

    @Test mutating func `what is written at a time is bounded, but never nothing`() {
        _ = add(1, 2, 3)
        #expect(queue.takeWaiting(upTo: 1).count == 1)
        #expect(queue.takeWaiting(upTo: RedisCommand("ECHO", 2).bytes.readableBytes + 1).count == 2)
        #expect(!queue.hasWaiting)
    }

    @Test mutating func `it is known when the next reply is wanted by nobody`() {
        let ids = add(1, 2)
        #expect(queue.abandon(ids[0]) != nil && !queue.awaitsUnwanted)
        _ = write()
        #expect(!queue.awaitsUnwanted)
        _ = queue.abandon(ids[1])
        #expect(queue.awaitsUnwanted)
        _ = queue.takeReply()
        #expect(!queue.awaitsUnwanted && !queue.awaitsReply)
    }

    @Test mutating func `calls end when their time is up, written or not`() {
        _ = add(1, deadline: 10)
        _ = write()
        _ = add(2, deadline: 20)
        _ = add(3, deadline: 30)
        #expect(queue.expire(at: .uptimeNanoseconds(9)).next == .uptimeNanoseconds(10))
        let (losses, next) = queue.expire(at: .uptimeNanoseconds(20))
        #expect(losses.map(\.caller) == [1, 2] && losses.map(\.mayHaveRun) == [true, false])
        #expect(next == .uptimeNanoseconds(30))
    }

    @Test mutating func `when the connection is lost, what may be repeated waits again, first and in order`() {
        _ = add(1, 2, isRepeatable: true)
        _ = add(3)
        let given = add(4, isRepeatable: true)
        _ = write()
        _ = add(5)
        _ = queue.abandon(given[0])
        let losses = queue.lose()
        #expect(losses.map(\.caller) == [3] && losses.allSatisfy(\.mayHaveRun))
        #expect(!queue.awaitsReply && write() == 3)
        #expect((0..<3).map { _ in queue.takeReply() } == [1, 2, 5])
    }

    @Test mutating func `a queue full of calls that have ended has room again, however they ended`() {
        let ways: [(inout Self) -> Void] = [
            { test in
                _ = test.write()
                _ = test.queue.lose()
            },
            { test in
                _ = test.write()
                _ = test.queue.expire(at: .uptimeNanoseconds(100))
                _ = test.queue.lose()
            },
            { _ = $0.queue.expire(at: .uptimeNanoseconds(100)) },
            { _ = $0.queue.refuseWaiting() },
            { test in for id in 0..<10 { _ = test.queue.abandon(UInt64(id)) } },
        ]
        for end in ways {
            queue = CallQueue(limit: 10)
            _ = add(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)
            #expect(!queue.hasRoom(for: 1))
            end(&self)
            #expect(queue.count == 0 && queue.hasRoom(for: 10))
            #expect(add(10).map { queue.abandon($0)?.caller } == [10])
        }
    }

    @Test mutating func `whatever happens, each call ends once, and keeps no place when nothing is to come for any`() {
        var generator = TestSeed.generator()
        var known: [UInt64] = []
        var ended: [Int] = []
        var started = 0
        var now: Int64 = 0
        var isStuck = false
        for _ in 0..<20_000 {
            if queue.count == 0, !queue.awaitsReply, !queue.hasRoom(for: queue.limit) { isStuck = true }
            switch Int.random(in: 0..<8, using: &generator) {
            case 0, 1, 2:
                guard queue.hasRoom(for: 1) else { continue }
                started += 1
                known += add(started, deadline: now + 50, isRepeatable: Bool.random(using: &generator))
            case 3: _ = queue.takeWaiting(upTo: Int.random(in: 1...200, using: &generator))
            case 4:
                let reply = queue.takeReply()
                if let caller = reply ?? nil { ended.append(caller) }
            case 5:
                guard let id = known.randomElement(using: &generator) else { continue }
                ended += [queue.abandon(id)].compactMap { $0?.caller }
            case 6:
                now += 10
                ended += queue.expire(at: .uptimeNanoseconds(UInt64(now))).losses.map(\.caller)
            default:
                ended += queue.lose().map(\.caller)
                if Bool.random(using: &generator) { ended += queue.refuseWaiting().map(\.caller) }
            }
        }
        ended += queue.endAll().map(\.caller)
        #expect(ended.sorted() == Array(1...started))
        #expect(queue.count == 0 && !queue.hasWaiting && !isStuck)
    }
}
