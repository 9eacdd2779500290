import Foundation
import Testing

/// The short forms of `script/soak postgres`, each with servers of its own. How long things take depends on what else the
/// machine does; only the long forms judge that.
@Suite(.bounded) struct PostgresStormTests {
    private static let size = ["--seconds", "6", "--kill-milliseconds", "250", "--calm-seconds", "240", "--lenient"]

    private func run(_ part: String, jobs: Int, _ more: String...) async throws -> Ending {
        try await Workplace.with { place in
            let end = try await place.run(
                Program.soak, ["postgres", part, "--jobs", "\(jobs)"] + Self.size + more)
            print(end.output)
            return end
        }
    }

    @Test(arguments: ["restart", "cut", "silence", "bouncer"])
    func `whatever happens to the server or on the way to it, every job is done once and no worker exits`(
        part: String
    ) async throws {
        let end = try await run(part, jobs: 1_500)
        #expect(end.status == 0, "\(end.output)\(end.errors)")
        #expect(end.output.contains("completed=300 failed=0 open=0 effects=300 of 300 jobs"))
        #expect(end.output.contains("deserters=0"))
    }

    @Test func `workers on PostgreSQL that are killed over and over do every job once`() async throws {
        let end = try await run("storm", jobs: 400)
        #expect(end.status == 0, "\(end.output)\(end.errors)")
        #expect(end.output.contains("completed=400 failed=0 open=0 effects=400 of 400 jobs"))
    }

    @Test func `the storm on PostgreSQL finds it when an effect and its settlement can be parted`() async throws {
        let end = try await run("storm", jobs: 400, "--apart")
        #expect(end.status == 1 && end.output.contains("WRONG"), "\(end.output)\(end.errors)")
    }

    @Test func `waiting jobs are taken, by NOTIFY and by polling, and an idle worker asks little`() async throws {
        let end = try await run("pickup", jobs: 5)
        #expect(end.status == 0, "\(end.output)\(end.errors)")
        let figure = try #require(end.output.firstMatch(of: /idle-statements=([0-9.]+)/))
        #expect(try #require(Double(figure.1)) <= 6)
    }
}
