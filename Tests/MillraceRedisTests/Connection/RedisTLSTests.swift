import MillraceRedis
import TestServers
import Testing

@Suite(.timeLimit(.minutes(5))) struct RedisTLSTests {
    private func client(_ server: RedisServer, host: String = "localhost", _ options: String = "") throws -> RedisClient
    {
        let all = "timeout=30s&connect_timeout=30s" + (options.isEmpty ? "" : "&\(options)")
        return try RedisClient(try RedisConfiguration(server.tlsURL(host: host, options: all), environment: [:]))
    }

    /// What comes of a PING.
    private func ping(_ client: RedisClient) async -> String {
        defer { client.close() }
        do {
            return try await client.send(RedisCommand("PING")).text ?? ""
        } catch {
            return "\(error.code): \(error)"
        }
    }

    @Test(arguments: ["localhost", "127.0.0.1"])
    func `a certificate of the host by an authority that is trusted is good`(host: String) async throws {
        let server = try await RedisServer.shared
        #expect(await ping(try client(server, host: host, "tls_ca=\(server.folder)/ca.crt")) == "PONG")
    }

    @Test func `an authority that is not trusted is refused, in a line that says what to do`() async throws {
        let answer = await ping(try client(try await RedisServer.shared))
        #expect(answer.hasPrefix("connectionFailed: ") && answer.contains("set tls_ca"))
    }

    @Test func `a certificate of another host is refused, and a client's own is asked for and given`() async throws {
        try await RedisServer.with { server in
            let authority = "tls_ca=\(server.folder)/ca.crt"
            let own = "tls_certificate=\(server.folder)/certified.crt&tls_key=\(server.folder)/certified.key"
            let plain = try server.client()
            defer { plain.close() }
            _ = try await plain.send(RedisCommand("CONFIG SET", "tls-auth-clients", "yes"))
            #expect(await ping(try client(server, "\(authority)&\(own)")) == "PONG")
            #expect(await ping(try client(server, authority)).hasPrefix("connection"))
            _ = try await plain.send(
                RedisCommand(
                    "CONFIG SET", "tls-auth-clients", "no", "tls-cert-file", .text("\(server.folder)/certified.crt"),
                    "tls-key-file", .text("\(server.folder)/certified.key")))
            let answer = await ping(try client(server, authority))
            #expect(answer.hasPrefix("connectionFailed: ") && answer.contains("another host"))
        }
    }

    @Test func `who mixes up the ports gets one clear line`() async throws {
        let server = try await RedisServer.shared
        let toPlain = try RedisClient(
            try RedisConfiguration(
                "rediss://localhost:\(server.port)?connect_timeout=2s&timeout=60s", environment: [:]))
        let plain = await ping(toPlain)
        #expect(plain.hasPrefix("connectionFailed: ") && plain.contains("the URL begins with redis://"), "\(plain)")
        let toTLS = try server.client(port: server.tlsPort, options: "")
        let encrypted = await ping(toTLS)
        #expect(encrypted.hasPrefix("connection"))
        #expect(encrypted.contains("the URL begins with rediss://"), "\(encrypted)")
    }

    @Test func `files that are no certificates are refused at once`() {
        for (path, reason) in [("/no/such/file", "tls_ca names no file"), ("/etc/passwd", "PEM files")] {
            let error = #expect(throws: RedisError.self) {
                try RedisClient(try RedisConfiguration("rediss://h?tls_ca=\(path)", environment: [:]))
            }
            #expect(error?.code == .configuration)
            #expect(error?.message.contains(reason) == true, "\(path): \(error as Any)")
        }
    }
}
