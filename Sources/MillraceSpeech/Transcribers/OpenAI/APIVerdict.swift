internal import Foundation
internal import MillraceCore
internal import MillraceHTTP
internal import NIOHTTP1

/// What the answer to a chunk means.
enum APIVerdict: Sendable {
    /// Here is the text.
    case accepted(ChunkResult)
    /// It has nothing to do with this chunk: there were too many requests, or the API is not there. The same request
    /// goes out again when the pace allows it.
    case postponed(RequestPace.Outcome, TranscriptionError)
    /// The API did not take the request as it was put.
    case misunderstood(APIErrorText, TranscriptionError)
    /// It is not to be, now or ever.
    case failed(TranscriptionError)

    /// What a verdict depends on besides the answer.
    struct Circumstances: Sendable {
        /// The chunk's length in seconds.
        let duration: Double
        /// The language that was asked for.
        let language: String?
        /// The key, which must not be repeated.
        let key: APIKey?
        /// How long was waited.
        let patience: Duration
        /// The time of day.
        let now: Timestamp
    }

    init(_ reply: Result<APIClient.Answer, RequestFailure>, _ circumstances: Circumstances) {
        switch reply {
        case .failure(let failure): self = Self.absence(failure, circumstances)
        case .success(let answer) where answer.isGood && !APIErrorText.isError(answer.body):
            do throws(TranscriptionError) {
                self = .accepted(
                    try APIAnswerText(answer.body).result(
                        duration: circumstances.duration, language: circumstances.language))
            } catch {
                self = .failed(error)
            }
        case .success(let answer): self = Self.refusal(answer, circumstances)
        }
    }

    /// What it says about the pace of requests.
    var outcome: RequestPace.Outcome {
        switch self {
        case .accepted: .success
        case .postponed(let outcome, _): outcome
        case .failed(let error) where error.isRetryable: .fault
        case .misunderstood, .failed: .neutral
        }
    }

    private static func absence(_ failure: RequestFailure, _ circumstances: Circumstances) -> APIVerdict {
        switch failure {
        case .cancelled: .failed(.cancelledTask)
        case .timedOut:
            .failed(
                TranscriptionError(
                    .timedOut,
                    "the API did not answer within \(Int(circumstances.patience.inSeconds.rounded(.up))) s; "
                        + "look whether it is overloaded, or give it shorter chunks",
                    isRetryable: true))
        case .tooLarge: .failed(TranscriptionError(.badOutput, "the API cannot be used: \(failure.reason)"))
        case .unreachable:
            .postponed(
                .fault, TranscriptionError(.engineFailed, "the API failed: \(failure.reason)", isRetryable: true))
        case .cut, .garbled:
            .failed(TranscriptionError(.engineFailed, "the API failed: \(failure.reason)", isRetryable: true))
        }
    }

    private static func refusal(_ answer: APIClient.Answer, _ circumstances: Circumstances) -> APIVerdict {
        let text = APIErrorText(answer.body, hiding: circumstances.key)
        let said = text.line.isEmpty ? "" : ": \(text.line)"
        let answered = "the API answered \(answer.status)\(said)"
        let hint = RetryHint.delay({ answer.headers.first(name: $0) }, at: circumstances.now)
        switch answer.status {
        case 429 where text.isQuotaUsedUp:
            return .failed(
                TranscriptionError(
                    .engineUnavailable, "the quota of the API is used up\(said); top it up and run the same again"))
        case 429:
            return .postponed(
                .limited(retryAfter: hint), TranscriptionError(.engineFailed, answered, isRetryable: true))
        case 503 where hint != nil:
            return .postponed(
                .limited(retryAfter: hint), TranscriptionError(.engineFailed, answered, isRetryable: true))
        case 408:
            return .failed(TranscriptionError(.timedOut, answered, isRetryable: true))
        case 500...:
            return .failed(TranscriptionError(.engineFailed, answered, isRetryable: true))
        case 401, 403:
            return .failed(TranscriptionError(.engineUnavailable, "\(answered); check the key of the API"))
        case 404:
            return .failed(
                TranscriptionError(.engineUnavailable, "\(answered); check --model, and that --base-url ends as in /v1")
            )
        case 413:
            return .failed(TranscriptionError(.engineFailed, "\(answered); use smaller chunks: --chunk-seconds"))
        case 300..<400:
            return .failed(
                TranscriptionError(.engineUnavailable, "\(answered); give the final address as --base-url"))
        case 400, 415, 422, 200..<300:
            return .misunderstood(text, TranscriptionError(.engineFailed, answered))
        default:
            return .failed(TranscriptionError(.engineFailed, answered))
        }
    }
}
