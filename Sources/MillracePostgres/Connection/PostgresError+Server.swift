internal import CLibPQ

extension PostgresError {
    /// What a result says that is an error.
    init(result: OpaquePointer) {
        func field(_ code: UnicodeScalar) -> String? {
            PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) }
        }
        let state = SQLState(rawValue: field("C") ?? "XX000")
        let text = field("M") ?? PQresultErrorMessage(result).map { String(cString: $0) }
        self.init(.server(state), Self.message(state, text, constraint: field("n")))
        serverMessage = text
        serverDetail = field("D")
        constraintName = field("n")
        tableName = field("t")
        columnName = field("c")
        sourceFunction = field("R")
    }

    /// A connection that broke: the server's own reason when it gave one, else libpq's.
    static func lost(_ reason: String, by serverError: PostgresError? = nil, mayHaveRun: Bool) -> PostgresError {
        var error = PostgresError(
            .connectionLost, "the connection to PostgreSQL was lost: \(serverError?.serverMessage ?? reason)",
            cause: serverError)
        error.sqlState = serverError?.sqlState
        error.serverMessage = serverError?.serverMessage
        error.mayHaveRun = mayHaveRun
        return error
    }

    /// libpq's lines as one, without what it repeats, as for an attempt with TLS and one without.
    static func oneLine(_ text: String) -> String {
        var seen: Set<String> = [""]
        return text.split(whereSeparator: \.isNewline)
            .map { $0.trimmingSpaces() }
            .filter { seen.insert($0).inserted }
            .joined(separator: "; ")
    }

    /// The server's words, except where they quote values or the statement.
    private static func message(_ state: SQLState, _ text: String?, constraint: String?) -> String {
        let line = oneLine(text ?? "an error without a message")
        switch state.errorClass {
        case "22":
            return "PostgreSQL refused a value (SQLSTATE \(state)); the error's debugDescription says which"
        case "42" where state.rawValue == "42601":
            return "PostgreSQL cannot read the statement (SQLSTATE \(state)); the error's debugDescription says where"
        default:
            return "PostgreSQL: \(line) (SQLSTATE \(state))"
        }
    }
}

extension Substring {
    fileprivate func trimmingSpaces() -> String {
        var rest = self
        while rest.first?.isWhitespace == true { rest.removeFirst() }
        while rest.last?.isWhitespace == true { rest.removeLast() }
        return String(rest)
    }
}
