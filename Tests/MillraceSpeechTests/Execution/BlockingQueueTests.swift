import MillraceCore
import Testing

@testable import MillraceSpeech

@Suite(.timeLimit(.minutes(5))) struct BlockingQueueTests {
    /// Something that work needs, as a file that is removed when nobody has it any more.
    private final class Held: Sendable {}

    private let queue = BlockingQueue(label: "millrace.test", width: 4)

    @Test func `who goes on finds that nothing has what the work held or returned`() async throws {
        for number in 0..<20_000 {
            weak var left: Held?
            do throws(TranscriptionError) {
                let held = Held()
                left = held
                let same = try await queue.run { [held] _ throws(TranscriptionError) in
                    if number.isMultiple(of: 2) { throw TranscriptionError(.unreadable, "on purpose") }
                    return held
                }
                #expect(same === held)
            } catch {
                #expect(error.code == .unreadable)
            }
            try #require(left == nil, "after \(number) pieces of work")
        }
    }
}
