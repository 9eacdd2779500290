extension RedisServer {
    /// Has a command done by redis-cli, as an operator does.
    ///
    /// - Returns: what it prints.
    @discardableResult
    public func command(_ words: String...) async throws -> String {
        let output = try await ServerProgram.run(
            "/usr/bin/redis-cli", ["--no-auth-warning", "-e", "-u", url(user: "default")] + words)
        // It ends well even when it was not let in.
        guard !output.hasPrefix("NOAUTH"), !output.hasPrefix("ERR"), !output.hasPrefix("(error)") else {
            throw TestServerError("redis-cli \(words.first ?? ""): \(output)")
        }
        return output
    }
}
