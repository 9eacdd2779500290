internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOPosix
internal import NIOSSL

extension HTTPTestServer {
    /// Serves over TLS while `body` runs, by HTTP/2 where the client asks for it, else by HTTP/1.1.
    public static func withTLS<Value: Sendable>(
        _ handler: @escaping Handler, body: @Sendable (HTTPTestServer) async throws -> Value
    ) async throws -> Value {
        let record = HTTPTestRecord()
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMBytes(Array(TestCertificate.certificate.utf8)).map {
                .certificate($0)
            },
            privateKey: .privateKey(try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)))
        configuration.applicationProtocols = ["h2", "http/1.1"]
        let context = try NIOSSLContext(configuration: configuration)
        let listener = try await bootstrap.bind(host: "127.0.0.1", port: 0) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
            }.flatMap {
                channel.configureAsyncHTTPServerPipeline(
                    http1ConnectionInitializer: { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try Connection(wrappingChannelSynchronously: channel)
                        }
                    },
                    http2ConnectionInitializer: { channel in channel.eventLoop.makeSucceededVoidFuture() },
                    http2StreamInitializer: { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(HTTP2FramePayloadToHTTP1ServerCodec())
                            return try Connection(wrappingChannelSynchronously: channel)
                        }
                    })
            }
        }
        let server = try HTTPTestServer(listener.channel, isSecure: true, record: record)
        return try await server.run(listener, while: body) { negotiation in
            let number = record.connect()
            defer { record.disconnect() }
            switch try? await negotiation.get() {
            case .http1_1(let connection):
                await serve(connection, number: number, handler, record)
            case .http2((_, let multiplexer)):
                try? await withThrowingDiscardingTaskGroup { streams in
                    for try await stream in multiplexer.inbound {
                        record.openStream()
                        streams.addTask { await serve(stream, number: number, handler, record) }
                    }
                }
            case nil: break
            }
        }
    }
}
