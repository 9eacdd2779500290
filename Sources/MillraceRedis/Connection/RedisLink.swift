internal import NIOCore
internal import NIOSSL

/// A connection of a client that is ready for commands.
struct RedisLink: Sendable {
    let channel: any Channel
    /// By which a caller may write; `nil` with TLS, whose bytes only the event loop can make.
    let socket: DirectSocket?

    /// Takes a connection over, on its event loop.
    init(_ channel: any Channel) {
        self.channel = channel
        let pipeline = channel.pipeline.syncOperations
        let isPlain = (try? pipeline.handler(type: NIOSSLClientHandler.self)) == nil
        let descriptor = try? pipeline.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) { $0 }
        socket = isPlain ? descriptor.flatMap { DirectSocket(of: $0) } : nil
    }
}

extension Channel {
    /// The bytes of commands in one buffer.
    func gather(_ commands: [ByteBuffer]) -> ByteBuffer {
        if commands.count == 1 { return commands[0] }
        var bytes = allocator.buffer(capacity: commands.reduce(0) { $0 + $1.readableBytes })
        for command in commands { bytes.writeImmutableBuffer(command) }
        return bytes
    }
}
