import MillraceCore
import Testing

@Suite struct TranscriptionErrorTests {
    @Test("The description is the message alone, and nothing is worth a retry unless it says so")
    func description() {
        let error = TranscriptionError(.timedOut, "took over 5 s", cause: StoreError(.busy, "secret"))
        #expect("\(error)" == "took over 5 s" && "\(error.code)" == "timedOut" && !error.isRetryable)
        #expect(TranscriptionError(.engineFailed, "", isRetryable: true).isRetryable)
    }
}
