internal import Foundation

/// Posts bodies that are made already to a Prometheus, one after the other on each of some blocking connections: no
/// encoding, no compression, no buffer, nothing but the status is read of an answer.
public final class BareWriteLoop: Sendable {
    /// The requests of one connection, whole, as they go over the wire.
    private typealias Requests = [[UInt8]]

    private let host: String
    private let port: Int

    /// Means a server at an IPv4 address.
    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    /// Posts bodies in the block format of Snappy, those of each inner list in their order on a connection of its own.
    ///
    /// - Returns: how many were taken.
    public func post(_ bodies: [[[UInt8]]]) async throws -> Int {
        let requests = bodies.map { $0.map(request) }
        return try await onThreads(requests.count) { [self] index in try post(requests[index]) }
    }

    private func request(_ body: [UInt8]) -> [UInt8] {
        let head = """
            POST /api/v1/write HTTP/1.1\r
            Host: \(host):\(port)\r
            Content-Encoding: snappy\r
            Content-Type: application/x-protobuf\r
            User-Agent: bare/1\r
            X-Prometheus-Remote-Write-Version: 0.1.0\r
            Content-Length: \(body.count)\r
            \r

            """
        return Array(head.utf8) + body
    }

    private func post(_ requests: Requests) throws(LimitFailure) -> Int {
        let descriptor = try connected()
        defer { close(descriptor) }
        for request in requests {
            try send(request, descriptor)
            let answer = try answer(descriptor)
            guard answer.hasPrefix("HTTP/1.1 204 ") else { throw LimitFailure("Prometheus says: \(answer)") }
        }
        return requests.count
    }

    private func connected() throws(LimitFailure) -> Int32 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        guard inet_pton(AF_INET, host, &address.sin_addr) == 1 else { throw LimitFailure("\(host) is no IPv4 address") }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw failure("socket") }
        var isOn: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, socklen_t(MemoryLayout<Int32>.size))
        let status = withUnsafeBytes(of: &address) { bytes in
            connect(
                descriptor, bytes.assumingMemoryBound(to: sockaddr.self).baseAddress, socklen_t(bytes.count))
        }
        guard status == 0 else {
            let failure = failure("connect")
            close(descriptor)
            throw failure
        }
        return descriptor
    }

    private func send(_ request: [UInt8], _ descriptor: Int32) throws(LimitFailure) {
        let isSent = request.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                guard count > 0 else { return false }
                rest = rest.dropFirst(count)
            }
            return true
        }
        guard isSent else { throw failure("write") }
    }

    /// The head of an answer; one with 204 has no body.
    private func answer(_ descriptor: Int32) throws(LimitFailure) -> String {
        var bytes: [UInt8] = []
        var room = [UInt8](repeating: 0, count: 4_096)
        while !bytes.ends(with: "\r\n\r\n".utf8) {
            let count = read(descriptor, &room, room.count)
            guard count > 0 else { throw failure("read") }
            bytes += room[..<count]
            // The head of one that is not 204 has a body behind it.
            guard bytes.count < 12 || bytes.starts(with: "HTTP/1.1 204".utf8) else { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func failure(_ call: String) -> LimitFailure {
        LimitFailure("\(call): \(String(cString: strerror(errno)))")
    }
}

extension [UInt8] {
    fileprivate func ends(with bytes: String.UTF8View) -> Bool {
        suffix(bytes.count).elementsEqual(bytes)
    }
}
