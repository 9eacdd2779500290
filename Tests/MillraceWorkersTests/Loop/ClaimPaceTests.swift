import Testing

@testable import MillraceWorkers

@Suite struct ClaimPaceTests {
    private var pace = ClaimPace()

    @Test func `the first claim is due at once`() {
        #expect(pace.isDue(at: .zero, isAnnounced: false))
    }

    @Test mutating func `who got all that was asked for asks again as soon as there is room`() {
        pace.note(found: 4, of: 4, at: .seconds(1), nextLookAfter: .seconds(2))
        #expect(pace.isDue(at: .seconds(1), isAnnounced: false))
        #expect(pace.untilNextLook(at: .seconds(1)) == .seconds(2))
    }

    @Test(arguments: [0, 3])
    mutating func `who got less waits for its time, or for an announcement`(found: Int) {
        pace.note(found: found, of: 4, at: .seconds(1), nextLookAfter: .seconds(2))
        #expect(!pace.isDue(at: .seconds(1), isAnnounced: false))
        #expect(pace.isDue(at: .seconds(1), isAnnounced: true))
        #expect(!pace.isDue(at: .milliseconds(2_999), isAnnounced: false))
        #expect(pace.isDue(at: .seconds(3), isAnnounced: false))
        #expect(pace.untilNextLook(at: .seconds(2)) == .seconds(1))
        #expect(pace.untilNextLook(at: .seconds(9)) == .zero)
    }

    @Test mutating func `who was granted no place has seen nothing, and asks when the next one is free`() {
        pace.note(found: 1, of: 4, at: .zero, nextLookAfter: .seconds(1))
        pace.note(found: 0, of: 0, at: .zero, nextLookAfter: .seconds(1))
        #expect(pace.isDue(at: .zero, isAnnounced: false))
        #expect(pace.untilNextLook(at: .zero) == .seconds(1))
    }

    @Test mutating func `a store that did not answer is left alone for a while`() {
        pace.noteFailure(at: .seconds(1), nextLookAfter: .seconds(1))
        #expect(!pace.isDue(at: .seconds(1), isAnnounced: false))
        #expect(pace.isDue(at: .seconds(2), isAnnounced: false))
    }
}
