import MillraceCore
import Testing

@Suite struct StoreErrorTests {
    private struct Cause: Error, CustomStringConvertible {
        let description = "SELECT secret"
    }

    static let codes: [(StoreError.Code, String)] = [
        (.conflict, "conflict"), (.notFound, "notFound"), (.illegalMove, "illegalMove"), (.invalid, "invalid"),
        (.unavailable, "unavailable"), (.busy, "busy"), (.corrupted, "corrupted"), (.newerVersion, "newerVersion"),
        (.olderVersion, "olderVersion"),
        (.full, "full"), (.readOnly, "readOnly"), (.cancelled, "cancelled"), (.loadFailed, "loadFailed"),
        (.unexpected, "unexpected"),
    ]

    @Test("The description is the message alone, whatever the cause says", arguments: codes)
    func description(code: StoreError.Code, name: String) {
        let error = StoreError(code, "say it again", cause: Cause())
        #expect("\(error)" == "say it again")
        #expect(String(describing: error as any Error) == "say it again")
        #expect(!String(reflecting: error).contains("secret"))
        #expect("\(code)" == name)
        #expect(error.cause is Cause)
    }

    @Test("Only what may pass by itself is worth the same call again", arguments: codes.map(\.0))
    func retryable(code: StoreError.Code) {
        #expect(StoreError(code, "").isRetryable == [.busy, .unavailable, .full].contains(code))
    }

    @Test("A refused move names both statuses")
    func illegalMove() {
        let error = StoreError.illegalMove(from: .completed, to: .queued)
        #expect(error.code == .illegalMove)
        #expect(error.message == "a job that is COMPLETED cannot become QUEUED: that change is not allowed")
        #expect(StoreError.illegalMove(from: .queued, to: .processing).message.hasSuffix("only a claim leases a job"))
    }
}
