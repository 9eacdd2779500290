internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOPosix
internal import NIOSSL

/// An HTTP server on a loopback port of its own, whose every answer a test decides.
///
/// Speaks HTTP/1.1 with connections kept open; with TLS also HTTP/2, for clients that ask for it.
public struct HTTPTestServer: Sendable {
    /// Decides the answer to a request. Runs side by side for requests that are.
    public typealias Handler = @Sendable (HTTPTestRequest) async -> HTTPTestAnswer

    /// The port it listens on.
    public let port: Int
    /// Whether it wants TLS; its certificate is ``TestCertificate``.
    public let isSecure: Bool
    /// What it has seen.
    public let record: HTTPTestRecord

    /// `http://127.0.0.1:<port>`, or `https://localhost:<port>`.
    public var url: String { isSecure ? "https://localhost:\(port)" : "http://127.0.0.1:\(port)" }

    /// Serves while `body` runs, then closes every connection.
    ///
    /// A `port` is for servers that come back at the same place; 0 is any that is free.
    public static func with<Value: Sendable>(
        port: Int = 0, _ handler: @escaping Handler, body: @Sendable (HTTPTestServer) async throws -> Value
    ) async throws -> Value {
        try await serve(port: port, isSecure: false, while: body) { channel, number, record in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                try channel.pipeline.syncOperations.addHandler(RequestHandler(handler, connection: number, record))
            }
        }
    }

    /// Serves over TLS while `body` runs, by HTTP/2 where the client asks for it, else by HTTP/1.1.
    public static func withTLS<Value: Sendable>(
        _ handler: @escaping Handler, body: @Sendable (HTTPTestServer) async throws -> Value
    ) async throws -> Value {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.certificate.utf8)).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        let context = try NIOSSLContext(configuration: configuration)
        return try await serve(port: 0, isSecure: true, while: body) { connection, number, record in
            connection.eventLoop.makeCompletedFuture {
                try connection.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            }.flatMap {
                connection.configureCommonHTTPServerPipeline { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if channel !== connection { record.openStream() }
                        let handler = RequestHandler(handler, connection: number, record)
                        try channel.pipeline.syncOperations.addHandler(handler)
                    }
                }
            }
        }
    }

    /// A port on which nobody listens, and that the system gives to nobody by itself: for servers that are not there, or
    /// not yet.
    public static func unusedPort() async throws -> Int {
        while true {
            let port = Int.random(in: 10_000..<20_000)
            let listener = try? await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: "127.0.0.1", port: port).get()
            guard let listener else { continue }
            try await listener.close()
            return port
        }
    }

    /// Sets up each connection by `initialize`, which is given its number, while `body` runs.
    private static func serve<Value: Sendable>(
        port: Int, isSecure: Bool, while body: @Sendable (HTTPTestServer) async throws -> Value,
        initialize: @escaping @Sendable (any Channel, Int, HTTPTestRecord) -> EventLoopFuture<Void>
    ) async throws -> Value {
        let record = HTTPTestRecord()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelInitializer { initialize($0, record.connect($0), record) }
            .bind(host: "127.0.0.1", port: port).get()
        guard let port = listener.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        let result: Result<Value, any Error>
        do {
            result = .success(try await body(HTTPTestServer(port: port, isSecure: isSecure, record: record)))
        } catch {
            result = .failure(error)
        }
        try? await listener.close()
        await record.closeConnections()
        return try result.get()
    }

    private init(port: Int, isSecure: Bool, record: HTTPTestRecord) {
        self.port = port
        self.isSecure = isSecure
        self.record = record
    }
}
