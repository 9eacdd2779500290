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
        do {
            context = try configuration.tls.map { try NIOSSLContext(configuration: Self.tls($0)) }
        } catch {
            throw RedisError(
                .configuration, "the certificates of the Redis URL cannot be read: \(error)", cause: error)
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

    /// Connects; what becomes of that is told by the handler, on the event loop.
    func connect(
        on eventLoop: any EventLoop, _ handler: @escaping @Sendable () -> RedisChannelHandler
    ) -> EventLoopFuture<any Channel> {
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelInitializer { [context, host = configuration.host] channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        let name = Self.isAddress(host) ? nil : host
                        try channel.pipeline.syncOperations.addHandler(
                            NIOSSLClientHandler(context: context, serverHostname: name))
                    }
                    try channel.pipeline.syncOperations.addHandler(handler())
                }
            }
            .connect(host: configuration.host, port: configuration.port)
    }

    /// An address has no name that a certificate could be asked for by SNI; it is compared with the certificate itself.
    private static func isAddress(_ host: String) -> Bool {
        (try? SocketAddress(ipAddress: host, port: 0)) != nil
    }
}
