internal import Foundation

/// What a test may do to a server of its own.
extension PostgresServer {
    /// Ends the server for good and removes its data.
    public func stop() async throws {
        try await ServerScript.stop(folder)
    }

    /// Ends the server as `pg_ctl stop -m immediate` does; its data stay.
    public func stopImmediately() async throws {
        let processes = try self.processes()
        try processes[0].send(SIGQUIT)
        try await processes.ended()
    }

    /// Ends the server as a crash of the machine's would, without a word to its clients; its data stay.
    public func crash() async throws {
        let processes = try self.processes()
        for process in processes { try? process.send(SIGKILL) }
        try await processes.ended()
    }

    /// Starts the server again, on its port.
    public func startAgain() async throws {
        _ = try await ServerScript.start(in: folder, only: bouncer == nil ? "postgres" : nil)
    }

    /// Stops the server's processes from running; connections stay, and are not answered.
    public func freeze() throws {
        // The first makes no others from then on.
        try processes()[0].send(SIGSTOP)
        for process in try processes().dropFirst() { try? process.send(SIGSTOP) }
    }

    /// Lets the server's processes go on.
    public func thaw() throws {
        for process in try processes().reversed() { try? process.send(SIGCONT) }
    }

    /// The server's processes, the one that all others come from first.
    private func processes() throws -> [ServerProcess] {
        guard let main = ServerProcess(fileAt: "\(folder)/postgres/postmaster.pid") else {
            throw TestServerError("the server in \(folder) is not running")
        }
        return [main] + main.children()
    }
}
