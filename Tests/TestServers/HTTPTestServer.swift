internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

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
        let record = HTTPTestRecord()
        let listener = try await bootstrap.bind(host: "127.0.0.1", port: port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                return try Connection(wrappingChannelSynchronously: channel)
            }
        }
        let server = try HTTPTestServer(listener.channel, isSecure: false, record: record)
        return try await server.run(listener, while: body) { connection in
            await HTTPTestServer.serve(connection, number: record.connect(), handler, record)
            record.disconnect()
        }
    }

    // MARK: - Running

    typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    static var bootstrap: ServerBootstrap {
        ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    }

    init(_ channel: any Channel, isSecure: Bool, record: HTTPTestRecord) throws {
        guard let port = channel.localAddress?.port else { throw ChannelError.unknownLocalAddress }
        self.port = port
        self.isSecure = isSecure
        self.record = record
    }

    /// Gives every connection to `serve` while `body` runs.
    func run<Accepted: Sendable, Value: Sendable>(
        _ listener: NIOAsyncChannel<Accepted, Never>, while body: @Sendable (HTTPTestServer) async throws -> Value,
        serve: @escaping @Sendable (Accepted) async -> Void
    ) async throws -> Value {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try? await listener.executeThenClose { accepted in
                    try await withThrowingDiscardingTaskGroup { connections in
                        for try await connection in accepted {
                            connections.addTask { await serve(connection) }
                        }
                    }
                }
            }
            defer { group.cancelAll() }
            return try await body(self)
        }
    }

    /// Answers the requests of one connection, or the request of one stream, until either side closes it.
    static func serve(
        _ connection: Connection, number: Int, _ handler: @escaping Handler, _ record: HTTPTestRecord
    ) async {
        // Whatever breaks a connection is the client's doing, and a test sees that there.
        try? await connection.executeThenClose { inbound, outbound in
            var parts = inbound.makeAsyncIterator()
            while case .head(let head)? = try await parts.next() {
                var body: [UInt8] = []
                while case .body(let buffer)? = try await parts.next() { body += buffer.readableBytesView }
                record.count()
                let request = HTTPTestRequest(head, body: body, connection: number)
                let answer = await handler(request)
                try await send(answer, to: request, over: outbound)
                switch answer.ending {
                case .whole:
                    guard head.isKeepAlive else { return }
                case .cut:
                    return
                case .stall:
                    // Until the client has had enough.
                    while try await parts.next() != nil {}
                    return
                }
            }
        }
    }

    private static func send(
        _ answer: HTTPTestAnswer, to request: HTTPTestRequest,
        over outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        var body = answer.body[...]
        switch answer.ending {
        case .whole: break
        case .cut(let sent), .stall(let sent):
            guard let sent else { return }
            body = body.prefix(sent)
        }
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        if answer.hasLength { headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        try await outbound.write(.head(head))
        if request.method != "HEAD" {
            while !body.isEmpty {
                try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body.prefix(65_536)))))
                body = body.dropFirst(65_536)
            }
        }
        if case .whole = answer.ending { try await outbound.write(.end(nil)) }
    }
}
