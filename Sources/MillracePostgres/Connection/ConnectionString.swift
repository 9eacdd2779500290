internal import CLibPQ

/// libpq's reading of a URL.
enum ConnectionString {
    /// The settings that a URL makes, by libpq's names.
    static func parse(_ url: String) throws(PostgresError) -> [String: String] {
        let body = url.drop { $0 != "/" }.dropFirst(2).prefix { $0 != "?" }
        let parts = body.split(separator: "@", omittingEmptySubsequences: false)
        // A password with such a character would be taken for a host or a database in part, and be shown as one.
        guard parts.count <= 2, parts.count == 1 || !parts[0].contains("/") else {
            throw PostgresError(.configuration, unreadable)
        }
        var message: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(url, &message) else {
            let text = message.map { String(cString: $0) } ?? ""
            PQfreemem(message)
            throw PostgresError(.configuration, refusal(text))
        }
        defer { PQconninfoFree(options) }
        let settings = values(options).compactMapValues(\.value)
        let isPort = (settings["port"] ?? "").utf8.allSatisfy { (48...57).contains($0) || $0 == 44 }
        let isHost = (settings["host"] ?? "").split(separator: ",").allSatisfy { host in
            // Such a name is no host's, but may be a socket's.
            !host.contains("@") || host.hasPrefix("/") || host.hasPrefix("@")
        }
        guard isPort else {
            throw PostgresError(
                .configuration, "the port of the URL is no number; in a password write %2F for a / and %40 for an @")
        }
        guard isHost else { throw PostgresError(.configuration, unreadable) }
        return settings
    }

    /// Adds what the environment says and what Millrace wants by default; returns who and where, to be shown.
    static func complete(_ settings: inout [String: String], from environment: [String: String]) -> String {
        var defaults: [String: (value: String?, variable: String?)] = [:]
        if let options = PQconndefaults() {
            defaults = values(options)
            PQconninfoFree(options)
        }
        func read(_ name: String, _ variable: String) {
            if settings[name] == nil, let value = environment[variable], !value.isEmpty { settings[name] = value }
        }
        read("service", "PGSERVICE")
        // What a service says counts more than the environment; libpq reads both.
        if settings["service"] == nil {
            for (name, option) in defaults { if let variable = option.variable { read(name, variable) } }
            if settings["passfile"] == nil, let home = environment["HOME"], !home.isEmpty {
                settings["passfile"] = home + "/.pgpass"
            }
        }
        // A connection that nothing comes back on is noticed by the kernel within 10 s; the rest is `SilenceProbe`.
        let wanted = [
            "fallback_application_name": "millrace", "client_encoding": "UTF8", "keepalives_idle": "4",
            "keepalives_interval": "2", "keepalives_count": "2", "tcp_user_timeout": "8000",
        ]
        settings.merge(wanted) { given, _ in given }
        settings["client_encoding"] = "UTF8"
        return place(settings, defaults: defaults.compactMapValues(\.value))
    }

    private static func place(_ settings: [String: String], defaults: [String: String]) -> String {
        if let service = settings["service"], settings["host"] == nil, settings["hostaddr"] == nil {
            return "postgres://?service=\(service)"
        }
        func list(_ name: String) -> [Substring] {
            (settings[name] ?? "").split(separator: ",", omittingEmptySubsequences: false)
        }
        let names = list("host").allSatisfy(\.isEmpty) ? list("hostaddr") : list("host")
        let ports = list("port")
        let hosts = names.enumerated().map { index, name in
            let port = ports.count == 1 ? ports[0] : index < ports.count ? ports[index] : ""
            // As the server calls who comes by its Unix socket.
            return (name.isEmpty ? "[local]" : String(name)) + ":" + (port.isEmpty ? "5432" : String(port))
        }
        let user = settings["user"] ?? defaults["user"] ?? "?"
        return "postgres://\(user)@\(hosts.joined(separator: ","))/\(settings["dbname"] ?? user)"
    }

    private static func values(
        _ options: UnsafeMutablePointer<PQconninfoOption>
    ) -> [String: (value: String?, variable: String?)] {
        var values: [String: (value: String?, variable: String?)] = [:]
        var option = options
        while let keyword = option.pointee.keyword {
            values[String(cString: keyword)] = (
                value: option.pointee.val.map { String(cString: $0) },
                variable: option.pointee.envvar.map { String(cString: $0) }
            )
            option += 1
        }
        return values
    }

    /// What is wrong with a URL, without its text: that may hold a password.
    private static func refusal(_ text: String) -> String {
        let known = "invalid URI query parameter: "
        if text.hasPrefix(known) {
            return "the URL has an option that does not exist: \(text.dropFirst(known.count).prefix { $0 != "\n" })"
        }
        return unreadable
    }

    private static let unreadable =
        "the URL cannot be read; it must look like postgres://user@host:5432/database?sslmode=require, "
        + "with %-codes for other characters, as %40 for an @ in a password"
}
