internal import Foundation
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Makes connections; the host's name is looked up anew for each.
struct RedisConnector: Sendable {
    private let configuration: RedisConfiguration
    private let context: NIOSSLContext?

    /// Throws `configuration` when certificates cannot be read.
    init(_ configuration: RedisConfiguration) throws(RedisError) {
        self.configuration = configuration
        for (name, path) in configuration.tls?.files ?? [] where !FileManager.default.isReadableFile(atPath: path) {
            throw RedisError(.configuration, "the Redis URL cannot be used: \(name) names no file that can be read")
        }
        do {
            context = try configuration.tls.map { try NIOSSLContext(configuration: Self.tls($0)) }
        } catch {
            throw RedisError(
                .configuration, "the Redis URL cannot be used: tls_ca, tls_certificate and tls_key name PEM files",
                cause: error)
        }
    }

    private static func tls(_ files: RedisConfiguration.TLS) throws -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        if let path = files.authoritiesPath { tls.trustRoots = .file(path) }
        if let certificate = files.certificatePath, let key = files.keyPath {
            tls.certificateChain = try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) }
            tls.privateKey = .privateKey(try NIOSSLPrivateKey(file: key, format: .pem))
        }
        return tls
    }

    /// What the kernel does about a peer that is gone: an idle one is asked after 15 s, three times, 5 s apart, and one
    /// that takes no bytes is given up after 10 s.
    private static let patience: [(NIOBSDSocket.Option, Int)] = {
        #if os(Linux)
            [
                (NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE), 15), (NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL), 5),
                (NIOBSDSocket.Option(rawValue: TCP_KEEPCNT), 3),
                (NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT), 10_000),
            ]
        #else
            []
        #endif
    }()

    /// Connects; what becomes of that is told by the events, on the event loop.
    func connect(on eventLoop: any EventLoop, _ handshake: Handshake, _ events: RedisChannelHandler.Events) {
        let timeout = TimeAmount(configuration.connectTimeout)
        let end = NIODeadline.now() + timeout
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(timeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
        Self.patience.reduce(bootstrap) { $0.channelOption(.tcpOption($1.0), value: $1.1) }
            .connect(host: configuration.host, port: configuration.port)
            // Of several addresses one wins: the others' connections are never seen here.
            .flatMapThrowing { channel in
                if let context {
                    let name = Self.isAddress(configuration.host) ? nil : configuration.host
                    try channel.pipeline.syncOperations.addHandler(
                        NIOSSLClientHandler(context: context, serverHostname: name))
                }
                try channel.pipeline.syncOperations.addHandler(RedisChannelHandler(handshake, until: end, events))
            }
            .whenFailure { error in
                let message = "no connection to \(configuration): \(Self.reason(error))"
                events.onEnd(RedisError(.connectionFailed, message, cause: error))
            }
    }

    /// An address has no name that a certificate could be asked for by SNI; it is compared with the certificate itself.
    private static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }
}

extension RedisConnector {
    /// What went wrong, in a few words.
    static func reason(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            error.connectionErrors.first.map { reason($0.error) } ?? "the name of the host is not known"
        case let error as IOError: String(cString: strerror(error.errnoCode))
        case ChannelError.connectTimeout: "no answer in time"
        case NIOSSLError.handshakeFailed(let error) where "\(error)".contains("CERTIFICATE_VERIFY_FAILED"):
            "its certificate is of no authority that is trusted; set tls_ca in the URL to a file with its authority"
        case NIOSSLError.unableToValidateCertificate: "its certificate is of another host"
        case let error as NIOSSLExtraError where error == .failedToValidateHostname:
            "its certificate is of another host"
        case is NIOSSLError, is BoringSSLError:
            "\(error)".contains("CERTIFICATE_REQUIRED")
                ? "it wants a certificate; set tls_certificate and tls_key in the URL"
                : "TLS failed; \(RedisConfiguration.plainHint)"
        default: "\(error)"
        }
    }

    /// Whether nobody was there to talk to.
    static func isOutOfReach(_ error: (any Error)?) -> Bool {
        error is NIOConnectionError || error is ChannelError
    }
}
