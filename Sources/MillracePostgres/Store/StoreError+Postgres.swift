internal import MillraceCore

extension StoreError {
    /// What a failure of PostgreSQL means to the callers of a port.
    ///
    /// The message names the store by host, port and database, as ``PostgresConfiguration`` describes itself.
    init(postgres error: any Error, store: String) {
        switch error {
        case let error as StoreError:
            self = error
        case is CancellationError:
            self.init(.cancelled, "cancelled before the store took the work")
        case let error as InvalidValue:
            self.init(
                .corrupted,
                "the store \(store) holds a value that makes no sense: \(error); \(Self.afterDamage)", cause: error)
        case let error as PostgresError:
            let (code, message) = Self.meaning(of: error, store)
            self.init(code, message, cause: error)
        default:
            self.init(.unexpected, "the store \(store) failed", cause: error)
        }
    }

    private static func meaning(of error: PostgresError, _ store: String) -> (Code, String) {
        // The server's own reason says more than that the connection is gone.
        if let state = error.sqlState, let meaning = meaning(of: state, error, store) { return meaning }
        switch error.code {
        case .configuration, .unsupported, .poolClosed:
            return (.invalid, error.message)
        case .authentication where error.serverMessage == nil && error.message.contains("certificate"):
            return (
                .unavailable,
                "no TLS with \(store): \(error.message); see sslmode, sslrootcert, sslcert and sslkey of the URL"
            )
        case .authentication:
            return (
                .unavailable,
                "\(store) refused the user or the password; set PGPASSWORD, or mend the URL, ~/.pgpass or pg_hba.conf"
            )
        case .connectionFailed:
            return refusal(of: error, store) ?? (.unavailable, "\(store): \(error.message)")
        case .connectionLost:
            return (.unavailable, "the connection to \(store) broke; check the server and the network, then try again")
        case .timedOut:
            return (.unavailable, "\(store) did not answer in time; check its load and what waits for locks there")
        case .cancelled:
            return (.cancelled, "cancelled while the store was working")
        case .poolTimeout:
            return (.busy, error.message)
        case .value:
            return (
                .corrupted,
                "the store \(store) holds a value that makes no sense: \(error.message); \(afterDamage)"
            )
        default:
            return (.unexpected, "the store \(store) failed")
        }
    }

    /// What a server says that takes no connection; libpq gives no code then, but its words.
    private static func refusal(of error: PostgresError, _ store: String) -> (Code, String)? {
        if error.message.contains("role \""), error.message.contains("\" does not exist") {
            return meaning(of: SQLState(rawValue: "28000"), error, store)
        }
        let signs: [(SQLState, [String])] = [
            (
                .tooManyConnections,
                ["too many connections", "too many clients", "connection slots", "no more connections"]
            ),
            (SQLState(rawValue: "3D000"), ["\" does not exist", "no such database"]),
        ]
        let sign = signs.first { _, words in words.contains { error.message.contains($0) } }
        return sign.flatMap { meaning(of: $0.0, error, store) }
    }

    /// - Returns: `nil` for a code that says no more than the kind of the error does.
    private static func meaning(of state: SQLState, _ error: PostgresError, _ store: String) -> (Code, String)? {
        switch state {
        case .serializationFailure, .deadlockDetected:
            return (.busy, "other transactions keep changing the same rows of \(store); try again")
        case .lockNotAvailable:
            return (.busy, "another transaction holds locks in \(store) for long; try again when it is done")
        case .queryCanceled where error.code == .cancelled: return nil
        case .queryCanceled:
            return (
                .unavailable,
                "\(store) ended a statement that took too long; check its load, its locks and statement_timeout"
            )
        case .insufficientPrivilege:
            return (.readOnly, "the user may not do this in \(store); grant it all rights on the schema of Millrace")
        case .readOnlyTransaction:
            return (
                .readOnly,
                """
                \(store) may only be read; it is a standby, or default_transaction_read_only is on: connect to the \
                primary (target_session_attrs=read-write)
                """
            )
        case .undefinedTable, .undefinedColumn, .undefinedFunction, .invalidSchemaName:
            return (
                .corrupted, "the tables of \(store) are not those that this program needs; run millrace migrate --check"
            )
        case .diskFull:
            return (.full, "no room is left on the disk of \(store); make room there")
        case .tooManyConnections:
            return (
                .unavailable,
                """
                \(store) has as many connections as it takes; raise max_connections, put PgBouncer in front, or make \
                the pools smaller
                """
            )
        case .adminShutdown, .crashShutdown:
            return (.unavailable, "\(store) is shutting down or was restarted; try again when it runs")
        case .cannotConnectNow:
            return (.unavailable, "\(store) is starting, stopping or recovering; try again in a moment")
        default:
            return meaning(ofClass: state, store)
        }
    }

    private static func meaning(ofClass state: SQLState, _ store: String) -> (Code, String)? {
        switch (state.errorClass, state.rawValue) {
        case ("28", "28P01"):
            return (.unavailable, "\(store) refused the password; set PGPASSWORD, or mend ~/.pgpass or the URL")
        case ("28", _):
            return (.unavailable, "\(store) refused the user; check the user's name, its rights and pg_hba.conf")
        case ("3D", _):
            return (.unavailable, "the database of \(store) does not exist; make it with createdb")
        case ("22", _):
            return (.invalid, "the store \(store) cannot keep a value: it has a NUL or is out of range")
        case ("23", _):
            return (.conflict, "another change came first; load again and retry")
        case ("54", _):
            return (.invalid, "a value is too large for the store \(store)")
        case ("53", _):
            return (.unavailable, "\(store) is short of memory or another resource; try again, and look at its log")
        case ("57", _):
            return (.unavailable, "\(store) ended the connection; try again")
        case ("XX", "XX001"), ("XX", "XX002"), ("58", "58P01"):
            return (.corrupted, "\(store) is damaged; \(afterDamage)")
        case ("58", _):
            return (.unavailable, "\(store) cannot read or write its files; check its disk and its log")
        case ("08", _):
            return (.unavailable, "the connection to \(store) broke; check the server and the network, then try again")
        default:
            return nil
        }
    }

    private static let afterDamage =
        "look at the server's log, and restore the database from a backup (pg_restore, or the base backup)"
}
