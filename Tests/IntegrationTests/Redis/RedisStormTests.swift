import Testing

/// The short form of `script/soak redis`, with servers of its own.
@Suite(.bounded) struct RedisStormTests {
    private static let size = [
        "--jobs", "400", "--seconds", "6", "--blow-milliseconds", "250", "--calm-seconds", "240", "--lenient",
    ]

    private func run(_ options: [String]) async throws -> Ending {
        try await Workplace.with { place in
            let end = try await place.run(Program.soak, ["redis"] + Self.size + options)
            print(end.output)
            return end
        }
    }

    @Test(arguments: [[], ["--valkey"]])
    func `whatever happens to hints, their server and the workers, every job is done once`(
        options: [String]
    ) async throws {
        let end = try await run(options)
        #expect(end.status == 0, "\(end.output)\(end.errors)")
        #expect(end.output.contains("completed=400 failed=0 open=0 effects=400 of 400 jobs"))
        #expect(end.output.contains("deserters=0"))
    }
}
