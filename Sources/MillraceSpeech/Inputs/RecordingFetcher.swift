internal import AsyncHTTPClient
internal import MillraceCore
internal import NIOCore
internal import NIOHTTP1

/// Fetches recordings from web servers, straight to the disk.
///
/// What may pass (a connection cut half-way, a server that is busy or slow) is tried again; a server that says no is
/// taken at its word.
struct RecordingFetcher: Sendable {
    /// How long a connection may take.
    var connectTimeout = Duration.seconds(10)
    /// How long a server may say nothing.
    var idleTimeout = Duration.seconds(60)
    /// How long a whole recording may take.
    var totalTimeout = Duration.seconds(6 * 3_600)
    /// How often it is tried in all.
    var attempts = 3
    /// The pause before the second try; twice as long before each further one.
    var pause = Duration.milliseconds(500)
    /// Redirects that are followed.
    var redirects = 5
    /// The largest recording that is taken in, in bytes.
    var sizeLimit = SpoolFile.sizeLimit

    private static let queue = BlockingQueue(label: "millrace.recording-fetcher", width: 4)
    private static let blockSize = 1 << 20

    /// Fetches a recording into a private file in a folder that is there.
    ///
    /// Throws `unreadable`, retryable where another try may help, `withdrawn` when the server gives no recording to anybody,
    /// or `cancelled`. Messages name the address without its query.
    func fetch(_ url: RecordingURL, into folder: String) async throws(TranscriptionError) -> SpoolFile {
        let spool = try await Self.queue.run { [sizeLimit] _ throws(TranscriptionError) in
            try SpoolFile(folder: folder, name: url.shown, limit: sizeLimit)
        }
        let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let result: Result<Void, TranscriptionError>
        do throws(TranscriptionError) {
            result = .success(try await fetch(url, into: spool, by: client))
        } catch {
            result = .failure(error)
        }
        try? await client.shutdown()
        try result.get()
        return spool
    }

    private var configuration: HTTPClient.Configuration {
        var configuration = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: HTTPClient.Configuration.Timeout(
                connect: TimeAmount(connectTimeout), read: TimeAmount(idleTimeout)),
            decompression: .disabled)
        configuration.connectionPool.retryConnectionEstablishment = false
        // A span of the client would show the address with its query, which may give access.
        configuration.tracing.tracer = nil
        return configuration
    }

    private func fetch(
        _ url: RecordingURL, into spool: SpoolFile, by client: HTTPClient
    ) async throws(TranscriptionError) {
        let end = ContinuousClock.now + totalTimeout
        let metrics = HTTPMetrics()
        var pause = pause
        for attempt in 1... {
            let start = ContinuousClock.now
            do {
                try await receive(url, into: spool, by: client, until: end)
                metrics?.note(.recording, status: 200, in: .now - start)
                return
            } catch {
                metrics?.note(error, in: .now - start)
                if Task.isCancelled { throw .cancelledTask }
                let failure = FetchFailure.describe(error, of: url, fetcher: self)
                guard failure.isRetryable, attempt < attempts, ContinuousClock.now < end else { throw failure }
            }
            do {
                try await Task.sleep(for: pause)
            } catch {
                throw .cancelledTask
            }
            pause *= 2
            try await Self.queue.run { _ throws(TranscriptionError) in try spool.clear() }
        }
    }

    /// One try: asks, follows redirects, and writes what comes.
    private func receive(
        _ url: RecordingURL, into spool: SpoolFile, by client: HTTPClient, until end: ContinuousClock.Instant
    ) async throws {
        let response = try await respond(to: url, by: client)
        let promised = response.headers.first(name: "content-length").flatMap { Int64($0) }
        if let promised, promised > sizeLimit { throw FetchFailure.tooLarge }
        var block = ByteBuffer()
        for try await piece in response.body {
            guard ContinuousClock.now < end else { throw FetchFailure.tooSlow }
            var piece = piece
            block.writeBuffer(&piece)
            if block.readableBytes >= Self.blockSize {
                try await write(block, to: spool)
                block.clear()
            }
        }
        try await write(block, to: spool)
        if let promised, spool.size < promised { throw FetchFailure.cut(after: spool.size, of: promised) }
        guard spool.size > 0 else { throw FetchFailure.empty }
    }

    private func respond(to url: RecordingURL, by client: HTTPClient) async throws -> HTTPClientResponse {
        var place = url
        for _ in 0...redirects {
            var request = HTTPClientRequest(url: place.text)
            request.headers.add(name: "accept", value: "*/*")
            request.headers.add(name: "accept-encoding", value: "identity")
            request.headers.add(name: "user-agent", value: MillraceVersion.userAgent)
            let response = try await client.execute(request, timeout: TimeAmount(idleTimeout))
            switch response.status.code {
            case 200: return response
            case 301, 302, 303, 307, 308:
                let location = response.headers.first(name: "location")
                guard let next = location.flatMap({ place.redirected(to: $0) }) else { throw FetchFailure.astray }
                place = next
            default: throw FetchFailure.status(response.status)
            }
        }
        throw FetchFailure.endlessRedirects
    }

    private func write(_ block: ByteBuffer, to spool: SpoolFile) async throws {
        guard spool.size + Int64(block.readableBytes) <= sizeLimit else { throw FetchFailure.tooLarge }
        try await Self.queue.run { _ throws(TranscriptionError) in
            try block.withUnsafeReadableBytes { spool.write($0) }.get()
        }
    }
}
