internal import CLibPQ
internal import Foundation
internal import Synchronization

#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#endif

/// Makes sessions: looks names up, connects, authenticates, on a thread of its own, for all this may block.
struct Connector {
    private let configuration: PostgresConfiguration
    private let settings: [String: String]
    private let timeout: Duration
    private let hostCount: Int

    init(_ configuration: PostgresConfiguration) {
        self.configuration = configuration
        timeout = configuration.connectTimeout
        hostCount = configuration.hostCount
        settings = configuration.settings
    }

    /// Connects. When the task is cancelled or the time is over, it throws at once; the thread ends by itself soon after.
    func connect() async throws(PostgresError) -> Session {
        let threads = try PollThreads.shared()
        let attempt = Attempt()
        let (settings, configuration) = (settings, configuration)
        let limit = timeout * hostCount
        return try await withTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await Task.sleep(for: limit)
                    attempt.finish(.failure(Self.timedOut(limit)))
                } catch {
                    // The attempt was faster, or its task was cancelled.
                }
            }
            let result = await attempt.wait {
                BlockingThread.start("millrace-connect") {
                    attempt.finish(Self.open(settings, configuration, threads))
                }
            }
            group.cancelAll()
            return result
        }.get()
    }

    private static func timedOut(_ limit: Duration) -> PostgresError {
        PostgresError(
            .timedOut,
            "PostgreSQL did not answer within \(limit.inWholeSeconds) s; see whether host and port are right and the "
                + "server is up, or raise connect_timeout")
    }

    private static func open(
        _ settings: [String: String], _ configuration: PostgresConfiguration, _ threads: PollThreads
    ) -> Result<Session, PostgresError> {
        var settings = settings
        // libpq's own time-out is for each address, in whole seconds, two at least; ours ends the whole. A name may lead to
        // several addresses, which share its time, or a silent one of them would use all of it up.
        let limit = configuration.connectTimeout * configuration.hostCount
        settings["connect_timeout"] = String(max(2, (limit / addressCount(of: settings)).inWholeSeconds))
        let names = settings.keys.sorted()
        let connection = withCStrings(names) { names in
            withCStrings(settings.sorted { $0.key < $1.key }.map(\.value)) { values in
                PQconnectdbParams(names, values, 0)
            }
        }
        guard let connection else {
            return .failure(PostgresError(.connectionFailed, "libpq has no memory left"))
        }
        guard PQstatus(connection) == CONNECTION_OK else {
            let error = failure(of: connection)
            PQfinish(connection)
            return .failure(error)
        }
        // libpq would print them.
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        do throws(PostgresError) {
            return .success(try Session(connection, configuration, threads: threads))
        } catch {
            return .failure(error)
        }
    }

    /// How many addresses the hosts have; at least one.
    private static func addressCount(of settings: [String: String]) -> Int {
        func list(_ name: String) -> [Substring] { (settings[name] ?? "").split(separator: ",") }
        if settings["hostaddr"] != nil { return max(1, list("hostaddr").count) }
        return max(1, list("host").reduce(0) { $0 + addressCount(of: String($1)) })
    }

    private static func addressCount(of host: String) -> Int {
        guard !host.hasPrefix("/"), !host.hasPrefix("@") else { return 1 }
        var hints = addrinfo()
        hints.ai_protocol = Int32(IPPROTO_TCP)
        var first: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &first) == 0, let first else { return 1 }
        defer { freeaddrinfo(first) }
        return sequence(first: first) { $0.pointee.ai_next }.reduce(0) { count, _ in count + 1 }
    }

    /// libpq has no code for why a connection failed, only text.
    private static func failure(of connection: OpaquePointer) -> PostgresError {
        let text = PostgresError.oneLine(PQerrorMessage(connection).map { String(cString: $0) } ?? "")
        var error = describe(text, needsPassword: PQconnectionNeedsPassword(connection) == 1)
        // Only the server says how bad it is.
        if text.contains("FATAL:") { error.serverMessage = text }
        return error
    }

    private static func describe(_ text: String, needsPassword: Bool) -> PostgresError {
        if needsPassword {
            return PostgresError(
                .authentication,
                "PostgreSQL wants a password: \(text); set PGPASSWORD, or write the password to ~/.pgpass (mode 0600)")
        }
        let marks = ["authentication failed", "pg_hba.conf", "certificate", "SCRAM"]
        if marks.contains(where: text.contains) {
            return PostgresError(
                .authentication, "PostgreSQL refused the connection: \(text); see to user, password and sslmode")
        }
        if text.contains("timeout expired") {
            return PostgresError(.timedOut, "PostgreSQL did not answer in time: \(text); see connect_timeout")
        }
        return PostgresError(.connectionFailed, "no connection to PostgreSQL: \(text)")
    }

    /// Calls `body` with an array of C strings that ends with `nil`.
    private static func withCStrings<Value>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Value
    ) -> Value {
        let copies = strings.map { strdup($0) }
        let array = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: copies.count + 1)
        for (index, copy) in copies.enumerated() { array[index] = UnsafePointer(copy) }
        array[copies.count] = nil
        defer {
            for copy in copies { free(copy) }
            array.deallocate()
        }
        return body(array)
    }
}

extension Duration {
    /// Rounded up.
    fileprivate var inWholeSeconds: Int64 {
        components.attoseconds > 0 ? components.seconds + 1 : components.seconds
    }
}

/// One attempt to connect, for which somebody waits until it has its end, is too late or is called off.
private final class Attempt: Sendable {
    private enum State {
        case new
        case waiting(CheckedContinuation<Result<Session, PostgresError>, Never>)
        case over(Result<Session, PostgresError>?)
    }

    private let state = Mutex(State.new)

    func wait(_ start: () -> Void) async -> Result<Session, PostgresError> {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Result<Session, PostgresError>? in
                    if case .over(let result) = state { return result ?? .failure(.cancelledTask) }
                    state = .waiting(continuation)
                    return nil
                }
                if let result { continuation.resume(returning: result) } else { start() }
            }
        } onCancel: {
            finish(.failure(.cancelledTask))
        }
    }

    /// The first end counts; a session that comes later is closed.
    func finish(_ result: Result<Session, PostgresError>) {
        let (continuation, isLate) = state.withLock {
            state -> (CheckedContinuation<Result<Session, PostgresError>, Never>?, Bool) in
            switch state {
            case .new:
                state = .over(result)
                return (nil, false)
            case .waiting(let continuation):
                state = .over(nil)
                return (continuation, false)
            case .over:
                return (nil, true)
            }
        }
        continuation?.resume(returning: result)
        if isLate, case .success(let session) = result { session.close() }
    }
}
