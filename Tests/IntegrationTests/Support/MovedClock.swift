import Foundation

/// The time of day of a program, which a test sets while it runs, by the library of the package `faketime`. Time that only
/// goes forward goes on as it is.
struct MovedClock: Sendable {
    private let path: String
    private let library: String

    /// Makes a clock that is wrong by so much, as in `-1h`.
    init(in place: Workplace, _ offset: String) throws {
        path = place.path("clock-\(UUID())")
        let libraries = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib")
            .map { "/usr/lib/\($0)/faketime/libfaketimeMT.so.1" }
        guard let library = libraries.first(where: FileManager.default.fileExists) else { throw MissingFaketime() }
        self.library = library
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

struct MissingFaketime: Error, CustomStringConvertible {
    var description: String { "the package faketime is missing; run script/bootstrap --tests" }
}
