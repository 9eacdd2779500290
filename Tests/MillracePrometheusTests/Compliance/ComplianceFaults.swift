import MillraceCore
import MillracePrometheus
import SwiftProtobuf
import TestServers

/// The cases in which the receiver does not take what it is sent.
enum ComplianceFaults {
    private static let taken = HTTPTestAnswer(status: 204)

    static func all() throws -> [ComplianceCase] {
        let retried = try [500, 502, 503, 504].map {
            try refusedFirst("Retries\($0)", HTTPTestAnswer(status: $0))
        }
        let refused = try [400, 401, 403, 404, 409, 413, 415, 422].map { status in
            try refusedForGood("Retries\(status)", HTTPTestAnswer(status: status, body: Array("no".utf8)))
        }
        let moved = try [301, 302, 307, 308].map { status in
            let answer = HTTPTestAnswer(status: status, headers: [("location", "/elsewhere")])
            return try refusedForGood("no_redirect_\(status)", answer) { receiver in
                receiver.requests.filter { $0.request.path != "/api/v1/write" }.map {
                    "followed to \($0.request.path)"
                }
            }
        }
        var cases: [ComplianceCase] = retried + refused + moved
        cases += try answers()
        cases += try [
            refusedFirst("may_retry_on_429", HTTPTestAnswer(status: 429)),
            refusedFirst(
                "retry_after_seconds", HTTPTestAnswer(status: 429, headers: [("retry-after", "0")])),
            refusedFirst(
                "retry_after_date",
                HTTPTestAnswer(status: 503, headers: [("retry-after", "Thu, 01 Jan 2015 00:00:00 GMT")])),
            refusedFirst(
                "retry_after_garbage", HTTPTestAnswer(status: 503, headers: [("retry-after", "-1")])),
            refusedFirst("connection_cut", .cut),
            refusedFirst(
                "truncated_error", HTTPTestAnswer(status: 500, body: [1, 2, 3, 4], ending: .cut(after: 2))),
            refusedForGood(
                "truncated_refusal",
                HTTPTestAnswer(status: 400, body: [1, 2, 3, 4], ending: .cut(after: 2))),
            refusedForGood(
                "large_error_response",
                HTTPTestAnswer(status: 400, body: [UInt8](repeating: 0x78, count: 1 << 20))),
        ]
        return cases
    }

    /// The first requests fail, and the same come again until they are taken.
    private static func refusedFirst(
        _ name: String, _ answer: HTTPTestAnswer, count: Int = 3
    ) throws -> ComplianceCase {
        ComplianceCase(
            name: name, batches: try batches(), answer: { number, _ in number < count ? answer : taken },
            check: { receiver in
                let requests = receiver.requests
                let first = requests.prefix(count + 1)
                var violations =
                    Set(first.map(\.request.body)).count == 1 ? [] : ["what failed does not come again"]
                let attempts = first.map { $0.request.header("retry-attempt") }
                if first.count != count + 1 || attempts != [nil] + (1...count).map({ "\($0)" }) {
                    violations.append("attempts \(attempts)")
                }
                return violations
            })
    }

    /// The first request is refused, and never comes again; what is behind it does.
    private static func refusedForGood(
        _ name: String, _ answer: HTTPTestAnswer,
        check: @escaping @Sendable (ComplianceReceiver) -> [String] = { _ in [] }
    ) throws -> ComplianceCase {
        ComplianceCase(
            name: name, batches: try batches(), answer: { number, _ in number == 0 ? answer : taken },
            check: { receiver in
                let bodies = receiver.requests.map(\.request.body)
                let again = bodies.dropFirst().filter { $0 == bodies[0] }
                return (again.isEmpty && bodies.count > 1 ? [] : ["\(again.count) times again"])
                    + check(receiver)
            }, refused: [0])
    }

    /// All that success may look like.
    private static func answers() throws -> [ComplianceCase] {
        func one(_ name: String, _ answer: HTTPTestAnswer) throws -> ComplianceCase {
            ComplianceCase(
                name: name, batches: try batches(), answer: { _, _ in answer },
                check: { $0.requests.count == 2 ? [] : ["\($0.requests.count) requests for two lists"] })
        }
        return [
            try one("handle_204_no_content", taken),
            try one("handle_200_ok", HTTPTestAnswer(status: 200)),
            try one(
                "ignore_response_body_on_success",
                HTTPTestAnswer(status: 200, body: Array("error: no".utf8))),
            try one("malformed_response", .json("{", status: 202)),
        ]
    }

    private static func batches() throws -> [[MetricSample]] {
        try (0..<2).map { step in
            [
                try ComplianceCases.sample(
                    "m", ["a": "b"], Double(step), at: ComplianceCases.time(Double(step)))
            ]
        }
    }
}
