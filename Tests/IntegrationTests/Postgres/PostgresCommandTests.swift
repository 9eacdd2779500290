import Foundation
import MillraceTesting
import TestServers
import Testing

/// The program with a store in PostgreSQL.
@Suite(.bounded) struct PostgresCommandTests {
    @Test func `the example is transcribed as with a file, by whatever way the store is named`() async throws {
        try await Workplace.withPostgres { place, contents in
            let command = ["transcribe", Recordings.example, "--format", "vtt"]
            let file = try await place.run(Program.path, command + ["--store", place.path("file.db")])
            #expect(file.status == 0, "\(file.errors)")
            let option = try await place.millrace(command)
            #expect(option.status == 0, "\(option.errors)")
            #expect(option.output == file.output)
            let chunks = try await contents.count("chunk_tasks")
            let variable = try await place.run(Program.path, command, environment: ["MILLRACE_STORE": place.store])
            #expect(variable.status == 0, "\(variable.errors)")
            #expect(variable.output == file.output)
            #expect(try await contents.count("chunk_tasks", where: "is_from_cache") == chunks)
        }
    }

    @Test func `with echo in the address and --verbose the statements are shown, without their values`() async throws {
        try await Workplace.withPostgres { place, _ in
            let command = ["cache", "put", "secret-key", "hush", "--verbose", "--store"]
            let loud = try await place.run(Program.path, command + [place.store + "&echo=on"])
            #expect(loud.status == 0 && loud.errors.contains("millrace: debug: statement ("), "\(loud.errors)")
            #expect(loud.errors.contains("cache_entries"))
            #expect(!loud.errors.contains("hush") && !loud.errors.contains("secret-key"), "\(loud.errors)")
            let usual = try await place.run(Program.path, command + [place.store])
            #expect(!usual.errors.contains("statement"), "\(usual.errors)")
        }
    }

    @Test func `jobs, runs, transcripts and the cache are listed, cancelled and deleted`() async throws {
        try await Workplace.withPostgres { place, contents in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            let left = try await place.millrace(
                ["transcribe", file, "--detach"] + Recordings.burstChunks + engine.options)
            #expect(left.status == 0, "\(left.errors)")
            let job = left.output.trimmingCharacters(in: .newlines)
            #expect(try await place.job(job).status == "QUEUED")
            try await place.millrace(["worker"] + engine.options) { worker in
                try await eventually("the job is done") { try await place.job(job).status == "COMPLETED" }
                worker.send(SIGTERM)
            }
            #expect(
                try await place.millrace(["jobs", "list", "--type", "transcribe", "--json"]).jobs().map(\.id) == [job])
            #expect(try await place.millrace(["jobs", "stats"]).output.contains("COMPLETED"))
            #expect(try await place.processings().map(\.chunks.completed) == [3])
            let run = try #require(try await place.processings().first)
            #expect(try await place.millrace(["processings", "show", run.id]).status == 0)
            #expect(try await place.millrace(["processings", "watch", run.id]).status == 0)
            let transcript = try #require(try await place.job(job).result?.transcriptID)
            #expect(try await place.millrace(["transcripts", "list"]).output.contains(transcript))
            #expect(try await place.millrace(["transcripts", "show", transcript]).output.contains("heard"))

            #expect(try await place.millrace(["cache", "put", "own:key", "value"]).status == 0)
            #expect(try await place.millrace(["cache", "get", "own:key"]).output.contains("value"))
            #expect(try await place.millrace(["cache", "stats"]).status == 0)
            #expect(try await place.millrace(["cache", "invalidate", "chunk:*"]).status == 0)
            #expect(try await contents.count("cache_entries") == 1)

            let again = try await place.millrace(["transcribe", file, "--detach"] + engine.options)
            let second = again.output.trimmingCharacters(in: .newlines)
            #expect(try await place.millrace(["jobs", "cancel", second]).status == 0)
            #expect(try await place.millrace(["jobs", "retry", second]).status == 0)
            #expect(try await place.millrace(["transcripts", "delete", transcript]).status == 0)
            #expect(try await contents.count("chunk_tasks") == 0)
        }
    }

    @Test func `what only a file can do names the tool that does it for PostgreSQL`() async throws {
        try await Workplace.withPostgres { place, _ in
            #expect(try await place.millrace(["jobs", "list"]).status == 0)
            for (command, tool) in [
                (["backup", place.path("copy")], "pg_dump"), (["restore", place.path("copy")], "pg_restore"),
                (["check"], "millrace migrate --check"),
            ] {
                let end = try await place.millrace(["store"] + command)
                #expect(end.status == 1)
                #expect(end.errorLines.count == 1 && end.errors.contains(tool), "\(end.errors)")
            }
            let info = try await place.millrace(["store", "info"])
            #expect(info.status == 0 && info.output.contains("Jobs         none"), "\(info.output)\(info.errors)")
        }
    }

    @Test func `the advice for backing up and restoring works`() async throws {
        try await Workplace.withPostgres { place, contents in
            let put = try await place.millrace(["cache", "put", "own:key", "value"])
            #expect(put.status == 0, "\(put.errors)")
            let schema = contents.schema
            let backup = try await place.millrace(["store", "backup", place.path("copy")])
            let dump = "pg_dump --format=custom --schema=\(schema.name)"
            #expect(backup.errors.contains(dump), "\(backup.errors)")
            let dumped = try await place.run(
                "sh", ["-c", "\(dump) '--dbname=\(schema.server.url)' > \(place.path("copy"))"])
            #expect(dumped.status == 0, "\(dumped.errors)")
            let restore = try await place.millrace(["store", "restore", place.path("copy")])
            let advice = try #require(restore.errors.firstMatch(of: /pg_restore .*--dbname=/)).output
            let database = "restored_\(schema.name)"
            try await schema.server.psql("CREATE DATABASE \(database)")
            let restored = try await place.run(
                "sh", ["-c", "\(advice)'\(schema.server.url(database: database))' \(place.path("copy"))"])
            #expect(restored.status == 0, "\(restored.errors)")
            let store = schema.server.url(database: database, options: ["schema=\(schema.name)"])
            let check = try await place.run(Program.path, ["migrate", "--check", "--store", store])
            #expect(check.status == 0 && check.errors.contains("nothing differs"), "\(check.output)\(check.errors)")
            let value = try await place.run(Program.path, ["cache", "get", "own:key", "--store", store])
            #expect(value.output.contains("value"), "\(value.errors)")
            try await schema.server.psql("DROP DATABASE \(database) WITH (FORCE)")
        }
    }

    @Test func `a dry run plans with a store of a newer version that it can work with`() async throws {
        try await Workplace.withPostgres { place, contents in
            let engine = try EngineScript(in: place)
            let command = ["transcribe", try Recordings.bursts(2, in: place)] + Recordings.burstChunks + engine.options
            #expect(try await place.millrace(command).status == 0)
            try await contents.schema.server.psql(
                """
                INSERT INTO \(contents.schema.name).schema_migrations (version, name, usable_from) VALUES (77, 'later', 1)
                """)
            let end = try await place.millrace(command + ["--dry-run"])
            #expect(end.status == 0 && end.output.contains("2 chunks, 2 cached"), "\(end.output)\(end.errors)")
            #expect(end.errorLines.isEmpty, "\(end.errors)")
        }
    }

    @Test func `who is interrupted is told to run the same command again, and not the password in it`() async throws {
        try await Workplace.withPostgres { place, contents in
            let engine = try EngineScript(in: place, before: EngineScript.waiting(fromStart: 1, in: place))
            let file = try Recordings.bursts(2, in: place)
            let end = try await place.millrace(["transcribe", file, "--verbose"] + engine.options) { running in
                try await eventually("the engine runs") { try !engine.starts().isEmpty }
                running.send(SIGINT)
            }
            #expect(end.status == 130)
            #expect(end.errors.contains("To go on, run the same command again"), "\(end.errors)")
            #expect(!end.errors.contains(contents.schema.server.password))
            #expect(try await contents.count("chunk_tasks", where: "status <> 'PENDING'") == 0)
        }
    }

    @Test func `what ended long ago is pruned, and told before`() async throws {
        try await Workplace.withPostgres { place, contents in
            let engine = try EngineScript(in: place)
            let file = try Recordings.bursts(3, in: place)
            #expect(
                try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options).status == 0)
            let left = try await place.millrace(
                ["transcribe", Recordings.bursts(1, in: place, name: "b.wav", seed: 9), "--detach"] + engine.options)
            #expect(left.status == 0)
            let prune = ["store", "prune", "--older-than", "0s"]
            let young = try await place.millrace(["store", "prune", "--older-than", "1h"])
            #expect(young.output == "Deleted nothing.\n", "\(young.output)\(young.errors)")
            let counts = "1 processing, 3 chunks, 1 job."
            #expect(try await place.millrace(prune + ["--dry-run"]).outputWithoutSamples == "Would delete \(counts)\n")
            #expect(try await place.millrace(prune).outputWithoutSamples == "Deleted \(counts)\n")
            #expect(try await contents.count("transcripts") == 1)
            let rest = "1 transcript."
            #expect(
                try await place.millrace(prune + ["--transcripts", "--dry-run"]).outputWithoutSamples
                    == "Would delete \(rest)\n")
            #expect(try await place.millrace(prune + ["--transcripts"]).outputWithoutSamples == "Deleted \(rest)\n")
            #expect(try await contents.count("processing_jobs", where: "status = 'QUEUED'") == 1)

            // With all that was made for it, the cached results included.
            #expect(
                try await place.millrace(["transcribe", file] + Recordings.burstChunks + engine.options).status == 0)
            let all = "1 transcript, 1 processing, 3 chunks, 1 job, 3 cached results."
            #expect(
                try await place.millrace(prune + ["--transcripts", "--dry-run"]).outputWithoutSamples
                    == "Would delete \(all)\n")
            #expect(try await place.millrace(prune + ["--transcripts"]).outputWithoutSamples == "Deleted \(all)\n")
            #expect(try await contents.count("cache_entries") == 0)
        }
    }

    @Test func `a dry run stores nothing, not even a schema`() async throws {
        try await Workplace.withPostgres { place, contents in
            let file = try Recordings.bursts(2, in: place)
            let end = try await place.millrace(["transcribe", file, "--dry-run", "--command", "cksum"])
            #expect(end.status == 0, "\(end.errors)")
            #expect(end.output.contains("to send"))
            let schemas = try await contents.schema.server.psql(
                "SELECT count(*) FROM pg_namespace WHERE nspname = '\(contents.schema.name)'")
            #expect(schemas == "0")
        }
    }
}
