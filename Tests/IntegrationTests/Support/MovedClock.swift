import Foundation

/// The time of day of a program, which a test sets while it runs, by the library of the package `faketime`. Time that only
/// goes forward goes on as it is.
struct MovedClock: Sendable {
    private let path: String
    private let library: String

    /// The library moves the deadlines of timers as well, even of those that have nothing to do with the time of day. In
    /// front of it, this leaves them alone.
    private static let timers = """
        #include <sys/syscall.h>
        #include <sys/timerfd.h>
        #include <unistd.h>
        int timerfd_settime(int fd, int flags, const struct itimerspec *new, struct itimerspec *old) {
            return syscall(SYS_timerfd_settime, fd, flags, new, old);
        }

        """

    /// Makes a clock that is wrong by so much, as in `-1h`.
    init(in place: Workplace, _ offset: String) async throws {
        path = place.path("clock-\(UUID())")
        let libraries = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib")
            .map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
        guard let library = libraries.first(where: FileManager.default.fileExists) else { throw MissingFaketime() }
        let timers = place.path("timers-\(UUID()).so")
        let source = try place.write(Self.timers, to: "timers-\(UUID()).c")
        let compiled = try await place.run("clang", ["-shared", "-fPIC", "-o", timers, source])
        guard compiled.status == 0 else { throw OutOfPatience(description: compiled.errors) }
        self.library = "\(timers):\(library)"
        try set(offset)
    }

    /// Sets the clock.
    func set(_ offset: String) throws {
        // Whole or not at all: it is read at every look at the clock.
        try Data("\(offset)\n".utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
    }

    /// What makes a program go by it.
    var environment: [String: String?] {
        [
            "LD_PRELOAD": library, "FAKETIME_TIMESTAMP_FILE": path, "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1",
        ]
    }
}

extension Workplace {
    /// Runs the program by a clock, with `--store` behind the arguments.
    @discardableResult
    func millrace(
        _ arguments: [String], by clock: MovedClock, meanwhile: @Sendable (Running) async throws -> Void = { _ in }
    ) async throws -> Ending {
        // In the first process of several the library sets a variable, and Swift then finds no arguments.
        try await run(
            "/usr/bin/env", [Program.path] + arguments + ["--store", store], environment: clock.environment,
            meanwhile: meanwhile)
    }
}

struct MissingFaketime: Error, CustomStringConvertible {
    var description: String { "the package faketime is missing; run script/bootstrap --tests" }
}
