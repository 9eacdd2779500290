internal import MillraceCore

/// An answer that is no success, and what it means to who has asked.
struct PrometheusRefusal {
    /// The most characters shown of what the server says.
    private static let shown = 300

    let error: StoreError

    init(status: Int, body: AnswerBody?, endpoint: PrometheusEndpoint) {
        let place = "the Prometheus at \(endpoint.host)"
        let said = Self.line(body?.error ?? "")
        error =
            switch (status, body?.errorType) {
            case (_, "bad_data"?): StoreError(.invalid, "\(place) refuses the query\(said)")
            case (_, "execution"?): StoreError(.invalid, "\(place) cannot compute the query\(said)")
            case (_, "timeout"?):
                StoreError(.timedOut, "\(place) has not computed the query in its time\(said); ask for less, or later")
            case (401, _), (403, _):
                StoreError(
                    .unavailable,
                    """
                    \(place) refuses who asks (\(status))\(said); check the user of its URL, \
                    \(PrometheusEndpoint.passwordVariable) and \(PrometheusEndpoint.tokenVariable)
                    """)
            case (300..<400, _):
                StoreError(.unavailable, "\(place) is elsewhere (\(status)); give the final address as its URL")
            case (404, _), (405, _):
                StoreError(.unavailable, "\(place) has no API there (\(status)); check the path of its URL")
            case (429, _), (500..., _):
                StoreError(.unavailable, "\(place) is not ready (\(status))\(said); try again later")
            case (200, _):
                StoreError(
                    .unexpected, "what the server at \(endpoint.host) answers is not as of Prometheus; check its URL")
            default: StoreError(.unexpected, "\(place) answers \(status)\(said)")
            }
    }

    /// What it says, in one line.
    private static func line(_ text: String) -> String {
        let words = text.split { $0.isWhitespace || $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } }
        let line = words.joined(separator: " ")
        if line.isEmpty { return "" }
        return ": \(line.count > shown ? line.prefix(shown - 1) + "…" : line)"
    }
}
