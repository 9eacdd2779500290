internal import Foundation
internal import MillraceCore

/// What stands behind the question mark of a Prometheus URL.
struct EndpointOptions {
    private(set) var tls: PrometheusEndpoint.TLS?
    private(set) var timeout: Duration?
    private(set) var connectTimeout: Duration?
    private(set) var writePath: String?

    init(_ items: [URLQueryItem], isEncrypted: Bool) throws(InvalidValue) {
        var files: [String: String] = [:]
        for item in items {
            let value = item.value ?? ""
            switch item.name {
            case "timeout": timeout = try Self.duration(value, item.name)
            case "connect_timeout": connectTimeout = try Self.duration(value, item.name)
            case "write_path":
                guard value.hasPrefix("/"), value.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                    throw PrometheusEndpoint.refusal("must have a path as write_path, as in /api/v1/push")
                }
                writePath = value
            case "tls_ca", "tls_certificate", "tls_key":
                guard isEncrypted else { throw PrometheusEndpoint.refusal("must begin with https:// for \(item.name)") }
                files[item.name] = value
            default:
                throw PrometheusEndpoint.refusal(
                    """
                    has no option "\(item.name)", but timeout, connect_timeout, write_path, tls_ca, tls_certificate and \
                    tls_key
                    """)
            }
        }
        guard (files["tls_certificate"] == nil) == (files["tls_key"] == nil) else {
            throw PrometheusEndpoint.refusal("must have tls_certificate and tls_key together")
        }
        guard isEncrypted else { return }
        tls = PrometheusEndpoint.TLS(
            authoritiesPath: files["tls_ca"], certificatePath: files["tls_certificate"], keyPath: files["tls_key"])
    }

    private static func duration(_ text: String, _ name: String) throws(InvalidValue) -> Duration {
        let isMilliseconds = text.hasSuffix("ms")
        let digits = isMilliseconds ? text.dropLast(2) : text.hasSuffix("s") ? text.dropLast() : ""
        guard let number = Int(digits), (1...86_400_000).contains(number) else {
            throw PrometheusEndpoint.refusal("must have a time as \(name), as in 500ms or 30s")
        }
        return isMilliseconds ? .milliseconds(number) : .seconds(number)
    }
}
