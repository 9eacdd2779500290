import MillraceCore
import MillraceTesting
import Testing

@testable import MillracePrometheus

@Suite("What becomes of a batch")
struct RetryMachineTests {
    private static let settings = RetrySettings.standard

    @Test(
        "follows from the status: taken, asked to wait, failed or refused for good",
        arguments: [
            (200, .taken), (204, .taken), (299, .taken), (429, .limited(nil)),
            (500, .failed(nil)), (502, .failed(nil)), (503, .failed(nil)), (504, .failed(nil)), (599, .failed(nil)),
            (999, .failed(nil)), (100, .rejected), (301, .rejected), (302, .rejected), (307, .rejected),
            (308, .rejected), (400, .rejected), (401, .rejected), (403, .rejected), (404, .rejected), (409, .rejected),
            (413, .rejected), (415, .rejected), (499, .rejected),
        ] as [(Int, RemoteWriteAnswer)])
    func statuses(status: Int, answer: RemoteWriteAnswer) {
        #expect(RemoteWriteAnswer(status: status, pause: nil) == answer)
    }

    @Test("is settled at once when it is taken, and when it is refused for good")
    func settledAtOnce() {
        for (answer, verdict) in [
            (RemoteWriteAnswer.taken, RetryMachine.Verdict.acknowledge(series: nil)), (.rejected, .reject(series: nil)),
        ] {
            var run = Run(series: 5)
            #expect(run.machine.next(at: .zero) == .send(series: nil))
            #expect(run.answer(answer) == verdict)
            #expect(run.machine.next(at: .zero) == .finish)
        }
    }

    @Test("is sent again, whole, after each failure, and not before its wait is over")
    func sentAgain() throws {
        for answer in [RemoteWriteAnswer.failed(nil), .unreachable, .limited(nil)] {
            var run = Run(series: 5)
            for failures in 1...12 {
                #expect(run.machine.next(at: run.now) == .send(series: nil))
                #expect(run.answer(answer) == .retry)
                guard case .wait(let until) = run.machine.next(at: run.now) else {
                    Issue.record("did not wait after failure \(failures) of \(answer)")
                    return
                }
                let limit = min(Duration.seconds(5), .milliseconds(30) * (1 << (failures - 1)))
                #expect(until > run.now && until <= run.now + limit)
                #expect(run.machine.next(at: until - .nanoseconds(1)) == .wait(until: until))
                run.now = until
            }
            #expect(run.machine.next(at: run.now) == .send(series: nil))
            #expect(run.answer(.taken) == .acknowledge(series: nil))
        }
    }

    @Test("waits for as long as the server asks, up to the longest pause, and is not hastened then")
    func retryAfter() {
        for answer in [RemoteWriteAnswer.failed(.seconds(17)), .limited(.seconds(17))] {
            var run = Run(series: 1)
            _ = run.machine.next(at: .zero)
            _ = run.answer(answer)
            run.machine.hasten()
            #expect(run.machine.next(at: .seconds(16)) == .wait(until: .seconds(17)))
            #expect(run.machine.next(at: .seconds(17)) == .send(series: nil))
            _ = run.answer(.limited(.seconds(100_000)))
            #expect(run.machine.next(at: .zero) == .wait(until: run.now + RetrySettings.standard.longestPause))
        }
        var run = Run(series: 1)
        _ = run.machine.next(at: .zero)
        _ = run.answer(.failed(nil))
        run.machine.hasten()
        #expect(run.machine.next(at: .zero) == .send(series: nil))
    }

    @Test("is not sent on and on to a server that asks for no wait at all, or for one that has passed")
    func retryAtOnce() {
        for answer in [RemoteWriteAnswer.failed(.zero), .limited(.zero)] {
            var run = Run(series: 1)
            run.play(for: .seconds(3_600)) { _ in answer }
            // As often as one that asks for nothing: half of five seconds apart in the mean.
            #expect(run.requests < 3_000)
            #expect(run.settled.isEmpty)
            _ = run.machine.next(at: run.now)
            _ = run.answer(answer)
            run.machine.hasten()
            if case .wait = run.machine.next(at: run.now) { Issue.record("waits although nobody asked for it") }
        }
    }

    @Test("stays whole for ever while the endpoint takes nothing at all")
    func downForAll() {
        for answer in [RemoteWriteAnswer.failed(nil), .unreachable, .limited(nil)] {
            var run = Run(series: 100)
            var sizes: Set<Int> = []
            run.play(for: .seconds(4 * 3_600)) { series in
                sizes.insert(series.count)
                return answer
            }
            #expect(run.settled.isEmpty)
            // Single series are tried in between, each time another, when it fails.
            #expect(sizes == (answer == .failed(nil) ? [1, 100] : [100]))
            run.play(for: .seconds(60)) { _ in .taken }
            #expect(run.acknowledged == Set(0..<100) && run.quarantined.isEmpty)
        }
    }

    @Test("is taken apart by a shard that is alone, until only what is failed on is given up")
    func poison() {
        var random = TestSeed.generator()
        for round in 0..<60 {
            let count = [1, 2, 3, 7, 64, 500].randomElement(using: &random) ?? 1
            let guilty = Set(
                (0..<Int.random(in: 1...3, using: &random)).map { _ in Int.random(in: 0..<count, using: &random) })
            var run = Run(series: count, seed: UInt64(round))
            run.play(for: .seconds(3_600)) { $0.isDisjoint(with: guilty) ? .taken : .failed(nil) }
            if guilty.count == count {
                // Nobody knows better than that the endpoint is down.
                #expect(run.settled.isEmpty)
            } else {
                #expect(run.quarantined == guilty && run.acknowledged == Set(0..<count).subtracting(guilty))
                #expect(run.machine.next(at: run.now) == .finish)
            }
            #expect(run.mostAtOnce <= 1, "a series was settled twice")
        }
    }

    @Test("takes few minutes and requests to find one series among thousands")
    func fewRequests() {
        var run = Run(series: 2_000)
        run.play(for: .seconds(600)) { $0.contains(1_234) ? .failed(nil) : .taken }
        #expect(run.quarantined == [1_234] && run.acknowledged.count == 1_999)
        #expect(run.end < .seconds(180))
        #expect(run.requests < 100)
    }

    @Test("is given up as a whole when it is one series, and others are taken meanwhile")
    func alone() {
        var run = Run(series: 1)
        run.others = 1
        run.play(for: .seconds(600)) { _ in .failed(nil) }
        #expect(run.quarantined == [0])
    }

    @Test("is not given up when the endpoint fails on most of what others send too")
    func mostlyDown() {
        var run = Run(series: 1)
        run.others = 1
        run.failingOthers = 9
        run.play(for: .seconds(3_600)) { _ in .failed(nil) }
        #expect(run.settled.isEmpty)
    }

    @Test("loses no innocent series when the endpoint begins to fail for all, whenever in the search that is")
    func outageInSearch() {
        for count in [2, 3, 8, 40] {
            let guilty = count / 2
            var undisturbed = Run(series: count)
            undisturbed.play(for: .seconds(3_600)) { $0.contains(guilty) ? .failed(nil) : .taken }
            for start in 0...undisturbed.requests {
                var run = Run(series: count, seed: UInt64(start))
                var number = 0
                run.play(for: .seconds(1_800)) { series in
                    number += 1
                    return number > start || series.contains(guilty) ? .failed(nil) : .taken
                }
                #expect(run.quarantined.isSubset(of: [guilty]), "\(count) series, down from request \(start)")
                run.play(for: .seconds(600)) { $0.contains(guilty) ? .failed(nil) : .taken }
                #expect(run.quarantined == [guilty] && run.acknowledged.count == count - 1)
            }
        }
    }

    @Test("loses no innocent series however often the endpoint comes and goes")
    func flapping() {
        var random = TestSeed.generator()
        for round in 0..<40 {
            let count = [1, 2, 5, 64].randomElement(using: &random) ?? 1
            let guilty = Int.random(in: 0...count, using: &random)
            var run = Run(series: count, known: guilty < count && round % 4 == 0 ? [guilty] : [], seed: UInt64(round))
            for _ in 0..<60 {
                run.play(for: .seconds(Double.random(in: 0.1...120, using: &random))) { _ in .failed(nil) }
                run.play(for: .seconds(Double.random(in: 0.1...30, using: &random))) {
                    $0.contains(guilty) ? .failed(nil) : .taken
                }
            }
            #expect(run.quarantined.isSubset(of: [guilty]))
            run.play(for: .seconds(600)) { $0.contains(guilty) ? .failed(nil) : .taken }
            #expect(run.acknowledged == Set(0..<count).subtracting([guilty]))
        }
    }

    @Test("sends what was failed on before apart from the rest, and gives it up without another minute")
    func known() {
        var run = Run(series: 10, known: [3, 7])
        run.play(for: .seconds(5)) { $0.isDisjoint(with: [3, 7]) ? .taken : .failed(nil) }
        #expect(run.quarantined == [3, 7] && run.acknowledged.count == 8)
        // Between two failures of each, something that was taken is sent again.
        #expect(run.requests == 1 + 2 * (2 * RetryMachine.refusalsOfKnown - 1))

        var recovered = Run(series: 10, known: [3, 7])
        recovered.play(for: .seconds(5)) { _ in .taken }
        #expect(recovered.acknowledged.count == 10 && recovered.quarantined.isEmpty)

        var down = Run(series: 10, known: [3])
        down.play(for: .seconds(3_600)) { _ in .failed(nil) }
        #expect(down.settled.isEmpty)
    }

    @Test("goes on without series that need not be sent any more")
    func removal() {
        var run = Run(series: 4)
        run.machine.remove([0, 2], of: 4)
        #expect(run.machine.next(at: .zero) == .send(series: [1, 3]))
        run.machine.remove([1, 3], of: 4)
        #expect(run.machine.next(at: .zero) == .finish)
    }

    /// A batch before an endpoint that a test decides; time passes as the machine asks.
    private struct Run {
        var machine: RetryMachine
        var now = Duration.zero
        var others = 0
        var failingOthers = 0
        private(set) var requests = 0
        private(set) var end = Duration.zero
        private(set) var settled: [Int: Int] = [:]
        private(set) var acknowledged: Set<Int> = []
        private(set) var quarantined: Set<Int> = []
        private let count: Int
        private var left: Set<Int>
        private var traffic = EndpointTraffic()
        private var random: SeededGenerator

        init(series count: Int, known: Set<Int> = [], seed: UInt64 = 0) {
            self.count = count
            left = Set(0..<count)
            random = SeededGenerator(seed: TestSeed.value &+ seed)
            machine =
                known.isEmpty
                ? RetryMachine(RetryMachineTests.settings)
                : RetryMachine(RetryMachineTests.settings, series: count, known: known)
        }

        var mostAtOnce: Int { settled.values.max() ?? 0 }

        mutating func answer(_ answer: RemoteWriteAnswer) -> RetryMachine.Verdict {
            traffic.note(answer)
            return machine.receive(answer, at: now, traffic: traffic, using: &random) { [count] in count }
        }

        /// Lets the batch run for a time, or until nothing is left of it.
        mutating func play(for time: Duration, _ respond: (Set<Int>) -> RemoteWriteAnswer) {
            let limit = now + time
            while now < limit {
                switch machine.next(at: now) {
                case .finish:
                    end = now
                    return
                case .wait(let until): now = until
                case .send(let series):
                    requests += 1
                    now += .milliseconds(5)
                    for _ in 0..<others { traffic.note(.taken) }
                    for _ in 0..<failingOthers { traffic.note(.failed(nil)) }
                    note(answer(respond(series.map(Set.init) ?? left)))
                case .probe(let series):
                    #expect(acknowledged.contains(series), "only what was taken is sent again")
                    requests += 1
                    now += .milliseconds(5)
                    #expect(answer(respond([series])) == .retry)
                }
            }
            end = now
        }

        private mutating func note(_ verdict: RetryMachine.Verdict) {
            switch verdict {
            case .retry: break
            case .acknowledge(let series):
                acknowledged.formUnion(series ?? Array(left))
                take(series)
            case .reject(let series): take(series)
            case .quarantine(let series):
                quarantined.insert(series)
                take([series])
            }
        }

        private mutating func take(_ series: [Int]?) {
            for number in series ?? Array(left) {
                settled[number, default: 0] += 1
                left.remove(number)
            }
        }
    }
}
