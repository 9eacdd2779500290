internal import Foundation
internal import MillraceCore

/// The headers that are sent to a Prometheus besides those of the protocol: who asks, and what was configured.
enum EndpointHeaders {
    /// Headers that the protocol sets or that would change where a request goes; Prometheus refuses the same.
    private static let reserved: Set<String> = [
        "accept-encoding", "authorization", "connection", "content-encoding", "content-length", "content-type",
        "expect", "host", "keep-alive", "proxy-authenticate", "proxy-authorization", "retry-attempt", "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent", "www-authenticate",
        "x-prometheus-remote-read-version", "x-prometheus-remote-write-version",
    ]

    static func all(
        user: String?, password: String?, environment: [String: String]
    ) throws(InvalidValue) -> [(name: String, value: String)] {
        let environment = environment.filter { !$0.value.isEmpty }
        var headers: [(name: String, value: String)] = []
        let token = environment[PrometheusEndpoint.tokenVariable]
        if let user, !user.isEmpty {
            guard token == nil else {
                throw InvalidValue(
                    PrometheusEndpoint.tokenVariable, "cannot be used beside the user of the Prometheus URL")
            }
            guard !user.contains(":") else { throw PrometheusEndpoint.refusal("must have a user without a colon") }
            let password = password ?? environment[PrometheusEndpoint.passwordVariable] ?? ""
            let credentials = Data("\(user):\(password)".utf8).base64EncodedString()
            headers.append(("authorization", "Basic \(credentials)"))
        } else if password != nil {
            throw PrometheusEndpoint.refusal("must have a user before its password")
        }
        if let token {
            let token = token.trimmingCharacters(in: .whitespacesAndNewlines)
            guard !token.isEmpty, token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw InvalidValue(
                    PrometheusEndpoint.tokenVariable, "must be letters, digits and signs without blanks")
            }
            headers.append(("authorization", "Bearer \(token)"))
        }
        return try headers + custom(environment[PrometheusEndpoint.headersVariable] ?? "")
    }

    /// Reads `name=value,name=value`.
    private static func custom(_ text: String) throws(InvalidValue) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = []
        for item in text.split(separator: ",") {
            let halves = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard halves.count == 2, let value = String(halves[1]).removingPercentEncoding else {
                throw refusal("must be as in X-Scope-OrgID=one,X-Other=two, with values percent-encoded")
            }
            let name = halves[0].trimmingCharacters(in: .whitespaces).lowercased()
            guard !name.isEmpty, name.utf8.allSatisfy(isNamePart) else {
                throw refusal("must have names of letters, digits, - and _")
            }
            guard !reserved.contains(name) else { throw refusal("must not set \(name), which Millrace sets itself") }
            guard !headers.contains(where: { $0.name == name }) else { throw refusal("must not set \(name) twice") }
            let trimmed = value.trimmingCharacters(in: .whitespaces)
            guard trimmed.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw refusal("must have a value for \(name) that is printable ASCII")
            }
            headers.append((name, trimmed))
        }
        return headers
    }

    private static func isNamePart(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func refusal(_ reason: String) -> InvalidValue {
        InvalidValue(PrometheusEndpoint.headersVariable, reason)
    }
}
