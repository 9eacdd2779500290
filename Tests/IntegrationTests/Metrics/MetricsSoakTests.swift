import Testing

/// The short form of `script/soak metrics`, with a Prometheus of its own.
@Suite(.bounded) struct MetricsSoakTests {
    private func run(_ options: [String] = []) async throws -> Ending {
        try await Workplace.with { place in
            let size = [
                "--kills", "6", "--restarts", "1", "--series", "20", "--life-milliseconds", "1000",
            ]
            let end = try await place.run(Program.soak, ["metrics"] + size + options)
            print(end.output)
            return end
        }
    }

    @Test func `what a killed sender was told is safe is in Prometheus once, in order`() async throws {
        let end = try await run()
        #expect(end.status == 0, "\(end.output)\(end.errors)")
        #expect(end.output.contains("missing=0 foreign=0 wrong=0 unordered=0"))
        #expect(end.output.contains("unbalanced=0 with-drops=0 backwards=0"))
        #expect(end.output.contains("pending=0 dropped=0 ended=well"))
    }

    @Test func `a sender that forgets what the one before has left is found`() async throws {
        let end = try await run(["--careless"])
        #expect(end.status != 0)
        #expect(end.output.contains("WRONG"))
        #expect(!end.output.contains(" missing=0 "))
    }
}
