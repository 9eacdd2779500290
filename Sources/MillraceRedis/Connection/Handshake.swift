/// Says who is calling when a connection was made; in one flight, and in a second one to servers that do not know HELLO.
///
/// A plain state machine: it is asked what to send, and told the replies.
struct Handshake {
    /// What to do next.
    enum Step {
        case send([RedisCommand])
        /// Replies are missing.
        case wait
        /// Commands may be sent; in RESP3 or, with an old server, in RESP2.
        case ready(isRESP3: Bool)
        case fail(RedisError)
    }

    private let user: String
    private let password: String?
    private let database: Int
    private let clientName: String
    /// The server.
    let place: String
    /// What to do when it says nothing.
    let hint: String
    private var isRESP3 = true
    private var replies: [RESPValue] = []

    init(_ configuration: RedisConfiguration) {
        user = configuration.user ?? "default"
        password = configuration.password
        database = configuration.database
        clientName = configuration.clientName
        place = "\(configuration)"
        hint = configuration.schemeHint
    }

    /// The first flight.
    var commands: [RedisCommand] {
        isRESP3 ? [hello] + select : (password == nil ? [] : [authenticate]) + [name] + select
    }

    private var hello: RedisCommand {
        let credentials: [RedisArgument] = password.map { ["AUTH", .text(user), .text($0)] } ?? []
        return RedisCommand("HELLO", [3] + credentials + ["SETNAME", .text(clientName)])
    }

    /// Before Redis 6 there were no users, and AUTH took the password alone.
    private var authenticate: RedisCommand {
        let words: [RedisArgument] = user == "default" ? [] : [.text(user)]
        return RedisCommand("AUTH", words + [.text(password ?? "")])
    }

    private var name: RedisCommand { RedisCommand("CLIENT SETNAME", .text(clientName)) }

    private var select: [RedisCommand] {
        database == 0 ? [] : [RedisCommand("SELECT", .integer(Int64(database)))]
    }

    /// Takes the next reply.
    mutating func receive(_ reply: RESPValue) -> Step {
        replies.append(reply)
        guard replies.count == commands.count else { return .wait }
        let errors = replies.compactMap { reply -> RedisServerError? in
            if case .error(let error) = reply { error } else { nil }
        }
        guard let error = errors.first else { return .ready(isRESP3: isRESP3) }
        if isRESP3, case .error(let refusal) = replies[0], knowsNoHello(refusal) {
            isRESP3 = false
            replies = []
            return .send(commands)
        }
        return .fail(failure(error))
    }

    /// What is said of a server that takes too long.
    var silence: RedisError {
        RedisError(.connectionFailed, "\(place) took the connection and does not answer; \(hint)")
    }

    private func knowsNoHello(_ error: RedisServerError) -> Bool {
        // Some look for the password first, and do not find it in a command that they do not know.
        if error.code == .noAuthentication, password != nil { return true }
        return error.code == .noProtocol
            || error.code == .generic && error.message.lowercased().hasPrefix("unknown command")
    }

    private func failure(_ error: RedisServerError) -> RedisError {
        switch error.code {
        case .wrongPassword, .noAuthentication:
            RedisError(
                .authentication,
                "\(place) refused the user or the password; set MILLRACE_REDIS_PASSWORD, or mend the URL", cause: error)
        case .noPermission:
            RedisError(.authentication, "\(place): the user may not use that database, or HELLO", cause: error)
        case .loading, .busy, .masterDown:
            RedisError(.connectionFailed, "\(place) is not ready yet (\(error.code))", cause: error)
        default:
            RedisError(.connectionFailed, "\(place) refused the connection: \(error.message)", cause: error)
        }
    }
}
