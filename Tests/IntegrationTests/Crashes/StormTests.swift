import Foundation
import Testing

@Suite(.bounded) struct StormTests {
    /// The whole is `script/soak storm`.
    @Test func `workers that are killed over and over do every job once`() async throws {
        try await Workplace.with { place in
            let end = try await place.run(
                Program.soak,
                [
                    "storm", "--jobs", "400", "--seconds", "5", "--kill-milliseconds", "250", "--calm-seconds", "240",
                    "--lenient",
                ])
            print(end.output)
            #expect(end.status == 0, "\(end.output)\(end.errors)")
            #expect(end.output.contains("completed=400 failed=0 open=0 effects=400 of 400 jobs"))
        }
    }

    @Test func `the storm finds it when an effect and its settlement can be parted`() async throws {
        try await Workplace.with { place in
            let end = try await place.run(
                Program.soak,
                [
                    "storm", "--apart", "--jobs", "400", "--seconds", "5", "--kill-milliseconds", "250",
                    "--calm-seconds", "240", "--lenient",
                ])
            print(end.output)
            #expect(end.status == 1 && end.output.contains("WRONG"), "\(end.output)\(end.errors)")
        }
    }
}
