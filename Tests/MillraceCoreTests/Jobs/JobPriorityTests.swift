import MillraceCore
import Testing

@Suite struct JobPriorityTests {
    @Test("1 is low, 2 medium, 3 high, and high is the greatest")
    func accepts() throws {
        #expect(try (1...3).map { try JobPriority($0) } == [.low, .medium, .high])
        #expect(JobPriority.allCases.sorted() == [.low, .medium, .high])
    }

    @Test("Other numbers are refused", arguments: [0, 4, -1, Int.min, Int.max])
    func refuses(number: Int) {
        #expect(throws: InvalidValue("priority", "\(number) is not 1 (low), 2 (medium) or 3 (high)")) {
            try JobPriority(number)
        }
    }
}
