import MillraceCore
import Testing

@Suite struct BucketCountsTests {
    private func value(_ percentile: Double, _ counts: KeyValuePairs<Double, Double>) throws -> Double? {
        var buckets = BucketCounts()
        for (bound, count) in counts { buckets.add(count, upTo: bound) }
        return buckets.value(at: try Percentile(percentile))
    }

    @Test(arguments: [(0.0, 0.0), (10, 0.5), (20, 1), (50, 1.75), (70, 3.5), (80, 5), (81, 5), (100, 5)])
    func `A value is interpolated within its bucket`(percentile: Double, expected: Double) throws {
        #expect(try value(percentile, [5: 40, .infinity: 50, 1: 10, 2: 30]) == expected)
    }

    @Test func `Counts of one bound are added`() throws {
        #expect(try value(50, [1: 1, 2: 3, .infinity: 4, 1: 1, 2: 1, .infinity: 0]) == 1)
    }

    @Test func `Buckets that contradict each other count at least what those below them do`() throws {
        #expect(try value(75, [1: 10, 2: 4, 3: 20, .infinity: 20]) == 2.5)
        #expect(try value(100, [1: 10, .infinity: 8]) == 1)
    }

    @Test func `Where nothing can be said nothing is`() throws {
        #expect(try value(50, [:]) == nil)
        #expect(try value(50, [.infinity: 4]) == nil)
        #expect(try value(50, [1: 2, 2: 4]) == nil)
        #expect(try value(50, [1: 0, .infinity: 0]) == nil)
        #expect(try value(0, [1: 0, .infinity: 4]) == nil)
        #expect(try value(50, [1: .nan, .infinity: .nan]) == nil)
    }

    @Test func `Below a bound that is not above zero there is no other value than it`() throws {
        #expect(try value(20, [-3: 4, 1: 8, .infinity: 8]) == -3)
        #expect(try value(75, [-3: 4, 1: 8, .infinity: 8]) == -1)
        #expect(try value(20, [0: 4, 1: 8, .infinity: 8]) == 0)
    }
}
