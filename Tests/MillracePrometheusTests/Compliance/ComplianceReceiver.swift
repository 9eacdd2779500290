import MillraceCore
import MillracePrometheus
import SwiftProtobuf
import Synchronization
import TestServers

/// A receiver of remote write that keeps every request, and answers as a case wants.
final class ComplianceReceiver: Sendable {
    /// A request, as it came.
    struct Request: Sendable {
        let request: HTTPTestRequest
        let answer: HTTPTestAnswer
        /// `nil` when the body is not what the protocol says.
        let content: Prometheus_WriteRequest?

        var isTaken: Bool { (200..<300).contains(answer.status) && !isCut }

        private var isCut: Bool {
            switch answer.ending {
            case .whole: false
            case .cut(let after), .stall(let after): after == nil
            }
        }

        /// Its samples by series, as text and bits.
        var samples: [(series: String, value: UInt64, time: Int64)] {
            (content?.timeseries ?? []).flatMap { series in
                series.samples.map {
                    (ComplianceReceiver.name(of: series), $0.value.bitPattern, $0.timestamp)
                }
            }
        }
    }

    /// A sample's bits and time.
    typealias Sample = (value: UInt64, time: Int64)

    /// Decides the answer to the request with this number, from 0.
    typealias Answer =
        @Sendable (_ number: Int, _ content: Prometheus_WriteRequest?) async -> HTTPTestAnswer

    private let answer: Answer
    private struct Log {
        var requests: [Request] = []
        var begun = 0
    }

    private let log = Mutex(Log())

    init(_ answer: @escaping Answer) {
        self.answer = answer
    }

    /// What came so far, in the order of the answers.
    var requests: [Request] { log.withLock(\.requests) }

    /// The same without what was sent again for trial: the newest sample of a series that was taken, as it was and alone.
    var requestsWithoutTrials: [Request] {
        var newest: [String: Sample] = [:]
        return requests.filter { request in
            let samples = request.samples
            if samples.count == 1, let last = newest[samples[0].series], last == (samples[0].value, samples[0].time) {
                return false
            }
            if request.isTaken {
                for sample in samples { newest[sample.series] = (sample.value, sample.time) }
            }
            return true
        }
    }

    /// What came and was taken, by series, oldest request first.
    var taken: [String: [Sample]] { Self.taken(of: requests) }

    /// The same of some requests.
    static func taken(of requests: [Request]) -> [String: [Sample]] {
        var taken: [String: [Sample]] = [:]
        for request in requests where request.isTaken {
            for sample in request.samples {
                taken[sample.series, default: []].append((sample.value, sample.time))
            }
        }
        return taken
    }

    /// Answers a request.
    func receive(_ request: HTTPTestRequest) async -> HTTPTestAnswer {
        let content = try? OracleRequest.decompressed(request.body)
        let number = log.withLock { log in
            log.begun += 1
            return log.begun - 1
        }
        let answer = await answer(number, content)
        log.withLock { $0.requests.append(Request(request: request, answer: answer, content: content)) }
        return answer
    }

    /// A series as one text.
    static func name(of series: Prometheus_TimeSeries) -> String {
        series.labels.map { "\($0.name)=\($0.value)" }.joined(separator: "\u{1F}")
    }

    /// The same text of a series that is to be sent.
    static func name(of series: MetricSeries) -> String {
        name(of: OracleRequest.timeSeries(of: MetricSample(series, 0, at: Timestamp(microseconds: 0))))
    }
}
