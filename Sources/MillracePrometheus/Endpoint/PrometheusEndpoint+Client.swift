public import AsyncHTTPClient
public import MillraceCore
internal import NIOCore
internal import NIOSSL

extension PrometheusEndpoint {
    /// The settings of an HTTP client for a Prometheus: its TLS, and no redirects, which would carry samples and secrets to
    /// where nobody sent them.
    ///
    /// Reads the files of TLS.
    ///
    /// - Throws: `InvalidValue` that names the file, when one cannot be used.
    public static func clientConfiguration(
        for endpoint: PrometheusEndpoint
    ) throws(InvalidValue) -> HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.timeout.connect = TimeAmount(endpoint.connectTimeout)
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 32
        // Its own retries would hide for how long a server is not there.
        configuration.connectionPool.retryConnectionEstablishment = false
        // A span of the client would show the address, and its request tell the server of the trace.
        configuration.tracing.tracer = nil
        configuration.tlsConfiguration = try endpoint.tls.map { tls throws(InvalidValue) in try Self.configuration(tls)
        }
        return configuration
    }

    private static func configuration(_ tls: TLS) throws(InvalidValue) -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        if let path = tls.authoritiesPath {
            let authorities = try read("tls_ca", path) { try NIOSSLCertificate.fromPEMFile(path) }
            configuration.trustRoots = .certificates(authorities)
        }
        if let path = tls.certificatePath {
            configuration.certificateChain = try read("tls_certificate", path) {
                try NIOSSLCertificate.fromPEMFile(path).map { .certificate($0) }
            }
        }
        if let path = tls.keyPath {
            configuration.privateKey = .privateKey(
                try read("tls_key", path) { try NIOSSLPrivateKey(file: path, format: .pem) })
        }
        return configuration
    }

    private static func read<Value>(
        _ option: String, _ path: String, _ body: () throws -> Value
    ) throws(InvalidValue) -> Value {
        do {
            return try body()
        } catch {
            throw InvalidValue(option, "\(path) cannot be read as a PEM file; check the path and its rights")
        }
    }
}
