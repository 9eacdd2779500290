internal import NIOCore
internal import NIOHTTP1

/// Reads the requests of one connection or stream, and sends what the handler of the test answers.
final class RequestHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let handler: HTTPTestServer.Handler
    private let connection: Int
    private let record: HTTPTestRecord
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ handler: @escaping HTTPTestServer.Handler, connection: Int, _ record: HTTPTestRecord) {
        self.handler = handler
        self.connection = connection
        self.record = record
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer): body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            record.count()
            let request = HTTPTestRequest(head, body: body, connection: connection)
            context.eventLoop.makeFutureWithTask { [handler] in await handler(request) }
                .assumeIsolated().whenSuccess { self.send($0, to: head, context: context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Whatever breaks a connection is the client's doing, and a test sees that there.
        context.close(promise: nil)
    }

    private func send(_ answer: HTTPTestAnswer, to request: HTTPRequestHead, context: ChannelHandlerContext) {
        var body = answer.body[...]
        var isCut = false
        switch answer.ending {
        case .whole: break
        case .cut(let sent):
            guard let sent else { return context.close(promise: nil) }
            body = body.prefix(sent)
            isCut = true
        case .stall(let sent):
            guard let sent else { return }
            body = body.prefix(sent)
        }
        var headers = HTTPHeaders(answer.headers.map { ($0.name, $0.value) })
        if answer.hasLength { headers.replaceOrAdd(name: "content-length", value: "\(answer.body.count)") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status), headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if request.method != .HEAD, !body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        }
        guard case .whole = answer.ending else {
            context.flush()
            if isCut { context.close(promise: nil) }
            return
        }
        let sent = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if !request.isKeepAlive {
            sent.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        }
    }
}
