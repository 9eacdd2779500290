import MillraceCore
import Testing

@Suite struct StepValuesTests {
    private func second(_ number: Int64) -> Timestamp { Timestamp(microseconds: number * 1_000_000) }

    private func values(
        _ start: Int64, _ end: Int64, step: Int64, _ samples: KeyValuePairs<Int64, Double>
    ) throws -> [Int64: Double] {
        var window = StepValues(try TimeRange(from: second(start), to: second(end), step: .seconds(step)))
        for (time, value) in samples { window.add(value, at: second(time)) }
        return Dictionary(
            uniqueKeysWithValues: window.finish().map { ($0.time.microseconds / 1_000_000, $0.value) })
    }

    @Test func `A step has the newest value up to it`() throws {
        #expect(try values(0, 30, step: 10, [5: 1, 10: 2, 11: 3, 19: 4, 31: 5]) == [10: 2, 20: 4, 30: 4])
    }

    @Test func `A sample of before the range counts, for five minutes to the microsecond`() throws {
        #expect(try values(0, 500, step: 100, [-100: 1]) == [0: 1, 100: 1, 200: 1])
        #expect(try values(0, 500, step: 100, [-101: 1]) == [0: 1, 100: 1])
    }

    @Test func `From the end of a series on there is nothing until it begins again`() throws {
        let samples: KeyValuePairs<Int64, Double> = [0: 1, 15: StaleMarker.value, 45: 2]
        #expect(try values(0, 60, step: 10, samples) == [0: 1, 10: 1, 50: 2, 60: 2])
    }

    @Test func `Of two samples of one time the first counts, and what comes late is left out`() throws {
        #expect(try values(0, 20, step: 10, [5: 1, 5: 2, 3: 3]) == [10: 1, 20: 1])
    }

    @Test func `A number that is none is a value`() throws {
        #expect(try values(0, 10, step: 10, [5: StaleMarker.otherNaN])[10]?.isNaN == true)
    }

    @Test func `Looking for a value takes no time where there is none, however many steps there are`() throws {
        let last = Timestamp(microseconds: 1 << 60)
        let range = try TimeRange(from: Timestamp(microseconds: -1 << 60), to: last, step: .milliseconds(1))
        var window = StepValues(range)
        #expect(window.finish().isEmpty)
        window.add(1, at: last - .milliseconds(2))
        let found = window.finish()
        #expect(found.count == 2 || found.count == 3)
        #expect(found.allSatisfy { $0.value == 1 })
    }

    @Test func `A range of more steps than can be answered is refused`() throws {
        let range = try TimeRange(from: second(0), to: second(3_000), step: .milliseconds(1))
        let error = #expect(throws: StoreError.self) { try StepValues(answering: range) }
        #expect(error?.code == .invalid && error?.message.contains("3000001 steps") == true)
        _ = try StepValues(answering: try TimeRange(from: second(0), to: second(2_999), step: .milliseconds(1)))
    }

    @Test func `A range that nobody could count through is refused`() throws {
        for (start, end) in [(Int64.min, 0), (0, Int64.max), (-1 << 61, 1 << 60)] as [(Int64, Int64)] {
            #expect(throws: InvalidValue.self) {
                try TimeRange(
                    from: Timestamp(microseconds: start), to: Timestamp(microseconds: end), step: .seconds(1))
            }
        }
        #expect(throws: InvalidValue.self) { try TimeRange(from: second(0), to: second(1), step: .seconds(1 << 50)) }
    }

    @Test func `The latest value is none of a series that has ended or is too old`() {
        func latest(_ samples: KeyValuePairs<Int64, Double>) -> Double? {
            var window = LatestValue(at: second(400))
            for (time, value) in samples { window.add(value, at: second(time)) }
            return window.value
        }
        #expect(latest([100: 1]) == 1)
        #expect(latest([99: 1]) == nil)
        #expect(latest([200: 1, 300: 2, 401: 3]) == 2)
        #expect(latest([200: 1, 300: StaleMarker.value]) == nil)
    }
}
