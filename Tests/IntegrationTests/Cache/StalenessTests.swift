import Foundation
import Testing

@Suite(.bounded) struct StalenessTests {
    /// The whole is `script/soak staleness`.
    @Test func `what one process writes another sees within two seconds, and a frozen store stops the hits in memory`()
        async throws
    {
        try await Workplace.with { place in
            let end = try await place.run(Program.soak, ["staleness", "--tries", "300"])
            print(end.output)
            #expect(end.status == 0, "\(end.output)\(end.errors)")
            #expect(end.output.contains("tries=300 missed=0"))
            #expect(end.output.contains("served again after the thaw"))
        }
    }
}
