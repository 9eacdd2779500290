import Foundation
import GRDB
import Testing

@Suite(.bounded) struct JobsCommandTests {
    /// Makes a store that holds `count` detached jobs.
    private func detached(_ count: Int, in place: Workplace) async throws -> [String] {
        let file = try Recordings.bursts(1, in: place)
        let end = try await place.millrace(
            ["transcribe"] + Array(repeating: file, count: count) + ["--detach", "--command", "cksum"])
        #expect(end.status == 0, "\(end.errors)")
        return end.output.split(separator: "\n").map(String.init)
    }

    @Test func `list is newest first, as a table or as JSON, and says how to go on`() async throws {
        try await Workplace.with { place in
            let ids = try await detached(5, in: place)
            let table = try await place.millrace(["jobs", "list", "--limit", "2"])
            let lines = table.output.split(separator: "\n")
            #expect(lines.count == 3 && lines[0].hasPrefix("ID ") && !table.output.contains("\t"))
            #expect(lines[1].hasPrefix(ids[4]) && lines[2].hasPrefix(ids[3]))
            let places = lines.map { line in
                (line.range(of: "QUEUED") ?? line.range(of: "STATUS")).map {
                    line.distance(from: line.startIndex, to: $0.lowerBound)
                }
            }
            #expect(Set(places) == [38])
            // The command that it names gives the next page.
            let next = try #require(table.errorLines.last?.split(separator: ": ").last)
            let page = try await place.run("sh", ["-c", String(next)])
            #expect(page.output.split(separator: "\n").dropFirst().map { $0.prefix(36) } == [ids[2][...], ids[1][...]])
            let json = try await place.millrace(["jobs", "list", "--json", "--after", ids[2], "--limit", "10"])
            #expect(try json.jobs().map(\.id) == [ids[1], ids[0]])
            #expect(json.errors.isEmpty)
        }
    }

    @Test func `list keeps to its filters`() async throws {
        try await Workplace.with { place in
            let ids = try await detached(4, in: place)
            #expect(try await place.millrace(["jobs", "cancel", ids[0], ids[2]]).status == 0)
            func list(_ options: String...) async throws -> [String] {
                try await place.millrace(["jobs", "list", "--json"] + options).jobs().map(\.id)
            }
            #expect(try await list("--status", "cancelled") == [ids[2], ids[0]])
            #expect(try await list("--status", "CANCELLED", "--status", "QUEUED") == ids.reversed())
            #expect(
                try await list("--type", "transcribe", "--queue", "default", "--status", "QUEUED") == [ids[3], ids[1]])
            #expect(try await list("--type", "merge") == [])
            #expect(try await list("--queue", "elsewhere") == [])
            let none = try await place.millrace(["jobs", "list", "--queue", "elsewhere"])
            #expect(none.status == 0 && none.output.isEmpty && none.errors == "There are no such jobs.\n")
            let wrong = try await place.millrace(["jobs", "list", "--status", "DONE"])
            #expect(wrong.status == 64 && wrong.errorLines.count == 1, "\(wrong.errors)")
        }
    }

    @Test func `show tells all that is known`() async throws {
        try await Workplace.with { place in
            let id = try #require(try await detached(1, in: place).first)
            let text = try await place.millrace(["jobs", "show", id]).output
            for fact in [
                "Job:", id, "Queue:", "default", "transcribe", "QUEUED", "command sha256=", "0 of 3", "bursts.wav",
            ] {
                #expect(text.contains(fact), "\(fact) in \(text)")
            }
            // The engine is named by a hash of its words; the words themselves are nowhere.
            #expect(!text.contains("cksum"))
            let job = try await place.job(id)
            #expect(job.payload.source == place.path("bursts.wav"))
            #expect(job.engine?.hasPrefix("command sha256=") == true)
        }
    }

    @Test func `retry and cancel say of each job that they cannot change why, and change the others`() async throws {
        try await Workplace.with { place in
            let ids = try await detached(3, in: place)
            let missing = "01890a5d-ac96-774b-bcce-b302099a8057"
            let cancelled = try await place.millrace(["jobs", "cancel", ids[0], "nonsense", missing, ids[1]])
            #expect(cancelled.status == 1 && cancelled.errorLines.count == 2, "\(cancelled.errors)")
            #expect(cancelled.errors.contains("nonsense: that is not the id of a job; see millrace jobs list"))
            #expect(cancelled.errors.contains("\(missing): there is no such job; see millrace jobs list"))
            let again = try await place.millrace(["jobs", "cancel", ids[1]])
            #expect(again.status == 1 && again.errors.contains("it is CANCELLED and cannot be cancelled any more"))
            let retried = try await place.millrace(["jobs", "retry", ids[2], ids[1]])
            #expect(retried.status == 1 && retried.errorLines.count == 1, "\(retried.errors)")
            #expect(retried.errors.contains("it is QUEUED; only what has FAILED or was CANCELLED is retried"))
            var statuses: [String] = []
            for id in ids { statuses.append(try await place.job(id).status) }
            #expect(statuses == ["CANCELLED", "QUEUED", "QUEUED"])
            for id in ["nonsense", missing] {
                let shown = try await place.millrace(["jobs", "show", id])
                #expect(shown.status == 1 && shown.errorLines.count == 1 && shown.output.isEmpty)
                #expect(shown.errors.contains("see millrace jobs list"), "\(shown.errors)")
            }
        }
    }

    @Test func `stats counts each queue by status`() async throws {
        try await Workplace.with { place in
            let empty = try await place.millrace(["jobs", "stats"])
            #expect(empty.status == 0 && empty.output.isEmpty && empty.errors == "There are no jobs yet.\n")
            let ids = try await detached(3, in: place)
            try await place.millrace(["jobs", "cancel", ids[1]])
            let lines = try await place.millrace(["jobs", "stats"]).output.split(separator: "\n")
            #expect(lines.count == 2 && lines[1].hasPrefix("default "))
            #expect(
                lines[1].split(separator: " ").prefix(8).map(String.init) == [
                    "default", "2", "0", "0", "0", "0", "1", "3",
                ])
            let json = try await place.millrace(["jobs", "stats", "--queue", "default", "--json"])
            let stats = try JSONDecoder().decode(Stats.self, from: Data(json.output.utf8))
            #expect(stats == Stats(queue: "default", queued: 2, cancelled: 1, total: 3))
            let other = try await place.millrace(["jobs", "stats", "--queue", "other"])
            #expect(other.errors == "There are no jobs in the queue other.\n")
        }
    }

    private struct Stats: Decodable, Equatable {
        let queue: String
        let queued: Int
        let cancelled: Int
        let total: Int
    }
}
